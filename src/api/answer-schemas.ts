import * as z from 'zod'
import { ITEM_STATES } from '../views/item-detail.ts'
import { summarySchema } from '../views/summary-schema.ts'

/*
 * What answers look like: the OpenAPI description is made of these, and a test holds every answer of a live run against it.
 * Definitions and events are open: docs/reference.md describes them, and later versions add to them.
 */

const count = z.int().nonnegative()
const amount = z.number().nonnegative()
const isoTime = z.iso.datetime()
const head = { schema: z.literal(1), run: z.string() }
const itemState = z.enum(ITEM_STATES)

const taskCounts = {
  name: z.string(),
  pending: count,
  running: count,
  suspended: count,
  completed: count,
  failed: count,
  timeout: count,
  cancelled: count,
  upToDate: count,
}

const definition = z
  .looseObject({
    name: z.string(),
    module: z.string(),
    kind: z.string(),
    trigger: z.looseObject({ kind: z.string() }),
  })
  .nullable()

const progress = z.strictObject({ fraction: amount, text: z.string().nullable() }).nullable()

const attemptStatus = z.strictObject({
  attempt: z.string(),
  task: z.string(),
  state: z.enum(['running', 'suspended']),
  node: z.string(),
  cores: z.array(count),
  gpus: z.array(count),
  elapsedSeconds: amount,
  limitSeconds: amount.nullable(),
  reason: z.string().nullable(),
  progress,
})

const status = z.strictObject({
  ...head,
  state: z.enum(['live', 'draining', 'ended', 'interrupted']),
  mode: z.enum(['run', 'drain', 'monitor']),
  command: z.array(z.string()),
  host: z.string(),
  pid: count,
  start: isoTime,
  end: isoTime.nullable(),
  wallSeconds: amount,
  application: z.strictObject({
    state: z.enum(['starting', 'running', 'ended', 'none']),
    pid: count.nullable(),
    code: z.int().nullable(),
    signal: z.string().nullable(),
  }),
  nodes: summarySchema.shape.nodes,
  harvest: summarySchema.shape.harvest,
  pausedSince: isoTime.nullable(),
  tasks: z.array(z.strictObject(taskCounts)),
  attempts: z.array(attemptStatus),
  waiting: z.array(z.strictObject({ task: z.string(), items: count, reason: z.string() })),
  notes: z.array(z.strictObject({ at: isoTime, level: z.enum(['info', 'warning']), text: z.string() })),
})

const itemBrief = z.strictObject({
  item: z.string(),
  task: z.string(),
  state: itemState,
  fileCount: count,
  firstFile: z.string().nullable(),
  queued: isoTime,
  ended: isoTime.nullable(),
  attempts: count,
})

const medianAndMax = z.strictObject({ median: amount.nullable(), max: amount.nullable() })

export const taskDetailSchema = z.strictObject({
  ...head,
  kind: z.literal('task'),
  ...taskCounts,
  queued: count,
  definition,
  attempts: z.strictObject({
    started: count,
    completed: count,
    failed: count,
    timeout: count,
    cancelled: count,
    requeued: count,
  }),
  waitSeconds: medianAndMax,
  durationSeconds: medianAndMax,
  cpuSeconds: amount,
  peakMemoryBytes: count,
  waiting: z.string().nullable(),
  lastFailure: z
    .strictObject({ attempt: z.string(), reason: z.string(), log: z.string().nullable() })
    .nullable(),
  active: z.array(attemptStatus),
  items: z.array(itemBrief),
})

const attemptDetail = {
  attempt: z.string(),
  state: z.enum(['running', 'suspended', 'completed', 'failed', 'timeout', 'cancelled', 'requeued']),
  placement: z.array(z.strictObject({ node: z.string(), cores: z.array(count) })),
  start: isoTime,
  end: isoTime.nullable(),
  wallSeconds: amount,
  cpuSeconds: amount.nullable(),
  peakMemoryBytes: count.nullable(),
  suspensions: count,
  suspendedSeconds: amount,
  exitCode: count.nullable(),
  reason: z.string().nullable(),
  log: z.string().nullable(),
  progress,
}

export const itemDetailSchema = z.strictObject({
  ...head,
  kind: z.literal('item'),
  item: z.string(),
  task: z.string(),
  state: itemState,
  files: z.array(z.string()),
  version: z.string().nullable(),
  node: z.string().nullable(),
  queued: isoTime,
  ended: isoTime.nullable(),
  retryAt: isoTime.nullable(),
  reason: z.string().nullable(),
  attempts: z.array(z.strictObject(attemptDetail)),
})

const attemptAnswer = z.strictObject({
  ...head,
  kind: z.literal('attempt'),
  item: z.string(),
  task: z.string(),
  ...attemptDetail,
})

/** By the names that the description gives them. */
export const answerSchemas: Readonly<Record<string, z.ZodType>> = {
  Index: z.strictObject({
    ...head,
    odop: z.string(),
    resources: z.array(z.strictObject({ method: z.string(), path: z.string(), summary: z.string() })),
  }),
  Status: status,
  Detail: z.discriminatedUnion('kind', [taskDetailSchema, itemDetailSchema, attemptAnswer]),
  Tasks: z.strictObject({ ...head, tasks: z.array(z.strictObject({ ...taskCounts, definition })) }),
  Items: z.strictObject({
    ...head,
    items: z.array(itemBrief.extend({ sequence: count })),
    next: count.nullable(),
  }),
  Events: z.strictObject({
    ...head,
    events: z.array(z.looseObject({ type: z.string(), at: z.number() })),
    next: count,
    more: z.boolean(),
  }),
  Summary: summarySchema,
  Explanation: z.strictObject({ ...head, task: z.string(), pending: count, reasons: z.array(z.string()) }),
  Signal: z.strictObject({ files: z.array(z.string()).optional() }),
  Signalled: z.strictObject({ ...head, signal: z.string(), files: z.array(z.string()) }),
  Harvesting: z.strictObject({ ...head, paused: z.boolean() }),
  Cancelled: z.strictObject({ ...head, item: z.string() }),
  OpenApi: z.looseObject({ openapi: z.string(), info: z.looseObject({}), paths: z.looseObject({}) }),
  Problem: z.strictObject({
    type: z.literal('about:blank'),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
  }),
}
