import * as z from 'zod'

/*
 * The format of `summary.json`, which users' scripts rely on: docs/reference.md describes each field, and tests hold both
 * against this. A change that could break a reader is a new `schema` number.
 */

const count = z.int().nonnegative()
const amount = z.number().nonnegative()
const isoTime = z.iso.datetime()

const coreSeconds = z.strictObject({
  total: amount,
  app: amount,
  tasks: amount,
  odop: amount,
  idle: amount,
})

const memoryBytes = z.strictObject({
  limit: count,
  appPeak: count,
  tasksPeak: count,
  odopPeak: count,
})

const exposure = z.strictObject({
  seconds: amount,
  appCpuSeconds: amount,
  appRunDelaySeconds: amount,
})

const interference = z.strictObject({
  beside: exposure,
  alone: exposure,
  slowdown: z.number().nullable(),
  baseline: z.enum(['measured', 'assumed']).nullable(),
})

const node = z.strictObject({
  name: z.string(),
  cores: count,
  yield: z.enum(['kernel', 'suspend']),
  yieldReason: z.string().nullable(),
  coreSeconds,
  // Summaries of an earlier odop have none.
  otherCoreSeconds: amount.nullable().optional(),
  memoryBytes,
  appRunDelaySeconds: amount.nullable(),
  interference: interference.nullable(),
  gpus: z.array(
    z.strictObject({
      index: count,
      use: z.number().min(0).max(1).nullable(),
      memoryBytes: z.strictObject({ limit: count.nullable(), peak: count.nullable() }),
    }),
  ),
})

const task = z.strictObject({
  name: z.string(),
  completed: count,
  failed: count,
  timeout: count,
  cancelled: count,
  left: count,
  // Summaries of an earlier odop have none.
  upToDate: count.optional(),
  attempts: count,
  wallSeconds: amount,
  cpuSeconds: amount,
  peakMemoryBytes: count,
  waitSeconds: z.strictObject({ median: amount.nullable(), max: amount.nullable() }),
})

export const summarySchema = z.strictObject({
  schema: z.literal(1),
  run: z.string(),
  user: z.string().nullable(),
  job: z.string().nullable(),
  command: z.array(z.string()),
  exit: z.strictObject({ code: z.int().nullable(), signal: z.string().nullable() }),
  start: isoTime,
  end: isoTime,
  wallSeconds: amount,
  nodes: z.array(node),
  totals: z.strictObject({
    cores: count,
    coreSeconds,
    memoryBytes,
    appRunDelaySeconds: amount.nullable(),
    interference: interference.nullable(),
  }),
  slowdown: z.strictObject({
    share: z.number().nullable(),
    by: z.enum(['run-delay', 'progress']).nullable(),
    allowed: z.number().nullable(),
    progress: z
      .strictObject({
        steps: count,
        besideStepSeconds: amount.nullable(),
        aloneStepSeconds: amount.nullable(),
        slowdown: z.number().nullable(),
      })
      .nullable(),
  }),
  harvest: z.strictObject({
    availableCoreSeconds: amount,
    harvestedCoreSeconds: amount,
    share: z.number().min(0).max(1),
  }),
  savedSeconds: amount,
  tasks: z.array(task),
  advice: z.array(z.string()),
  notes: z.array(z.string()),
})

export type Summary = z.infer<typeof summarySchema>
