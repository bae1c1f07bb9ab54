import type { OdopEvent } from '../core/events.ts'

/**
 * The event that a line of the journal holds; null for anything else, be it torn, damaged, or of a later odop that knows
 * more kinds of events. Checks what `apply` relies on, no more: a journal may have 100,000s of lines.
 */
export function validEvent(value: unknown): OdopEvent | null {
  if (!isObject(value) || typeof value['type'] !== 'string' || !isNumber(value['at'])) return null
  if (!Object.hasOwn(required, value['type'])) return null
  const check = required[value['type'] as OdopEvent['type']]
  // The cast is the point of this function: everything that the type requires of a reader was just looked at.
  return check(value) ? (value as unknown as OdopEvent) : null
}

type Fields = Readonly<Record<string, unknown>>
type Check = (fields: Fields) => boolean

const isObject = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const isString = (value: unknown) => typeof value === 'string'
const isNumber = (value: unknown) => typeof value === 'number' && Number.isFinite(value)
const isArrayOf = (check: (value: unknown) => boolean) => (value: unknown) =>
  Array.isArray(value) && value.every(check)
const orNull = (check: (value: unknown) => boolean) => (value: unknown) => value === null || check(value)
const orMissing = (check: (value: unknown) => boolean) => (value: unknown) =>
  value === undefined || check(value)
const oneOf =
  (...texts: readonly string[]) =>
  (value: unknown) =>
    isString(value) && texts.includes(value as string)

/** An object with at least these fields. */
const fields = (checks: Readonly<Record<string, (value: unknown) => boolean>>) => {
  const entries = Object.entries(checks)
  return (value: unknown) => isObject(value) && entries.every(([name, check]) => check(value[name]))
}

const isOutcome = oneOf('completed', 'failed', 'timeout', 'cancelled', 'requeued')
const isPart = fields({ node: isString, cores: isArrayOf(isNumber) })
const isPlacement = fields({
  node: isString,
  cores: isArrayOf(isNumber),
  gpus: orMissing(isArrayOf(isNumber)),
  others: value => value === undefined || isArrayOf(isPart)(value),
})
const isAttemptUsage = fields({ wallSeconds: isNumber, cpuSeconds: isNumber, peakMemoryBytes: isNumber })
const isItem = fields({
  id: isString,
  task: isString,
  files: isArrayOf(isString),
  version: orNull(isString),
  // A journal of an earlier odop has none.
  node: value => value === undefined || value === null || isString(value),
  after: value => value === undefined || isString(value),
  queuedAt: isNumber,
})
const isFacts = fields({
  name: isString,
  usableCores: isArrayOf(isNumber),
  cores: isArrayOf(isNumber),
  topology: isArrayOf(isObject),
  memoryLimitBytes: isNumber,
  gpus: value => orMissing(isArrayOf(isGpu))(value),
  yieldMode: oneOf('kernel', 'suspend'),
  ownSessions: orMissing(value => typeof value === 'boolean'),
})
const isKnownTrigger = fields({
  kind: oneOf('file-in', 'file-updated', 'timer', 'background', 'after', 'signal'),
})
const isTrigger = (value: unknown) =>
  isKnownTrigger(value) && ((value as Fields)['kind'] !== 'after' || isString((value as Fields)['task']))
const isDependency = fields({ of: oneOf('all', 'any'), tasks: isArrayOf(isString) })
const isMpi = fields({
  nodes: value => value === null || value === 'all' || value === 'any' || isNumber(value),
  ranks: isNumber,
  cpusPerRank: isNumber,
  launch: orNull(isString),
})
const isTask = fields({
  name: isString,
  module: isString,
  index: isNumber,
  kind: oneOf('function', 'command', 'script'),
  trigger: isTrigger,
  priority: isNumber,
  cpus: value => value === 'all' || value === 'any' || isNumber(value),
  gpus: orMissing(value => value === 'all' || isNumber(value)),
  mpi: value => value === undefined || value === null || isMpi(value),
  dependsOn: value => value === undefined || value === null || isDependency(value),
  memoryBytes: orNull(isNumber),
  timeSeconds: orNull(isNumber),
  maxRuns: orNull(isNumber),
  replicas: orNull(isNumber),
  retries: orNull(isNumber),
  retryDelaySeconds: orNull(isNumber),
})
const isSettings = fields({
  policy: isString,
  maxCpus: orNull(isNumber),
  idleThreshold: isNumber,
  memoryReserveBytes: isNumber,
  retries: isNumber,
  retryDelaySeconds: isNumber,
  graceSeconds: isNumber,
})
const isNodeUsage = fields({
  node: isString,
  coreSeconds: fields({ total: isNumber, app: isNumber, tasks: isNumber, odop: isNumber, idle: isNumber }),
  memoryBytes: fields({ limit: isNumber, appPeak: isNumber, tasksPeak: isNumber, odopPeak: isNumber }),
  appRunDelaySeconds: orNull(isNumber),
  otherCoreSeconds: value => orMissing(isNumber)(value),
  interference: value => isInterference(value),
  gpus: value => orMissing(isArrayOf(isGpuUsage))(value),
})
const isGpu = fields({ index: isNumber, maker: oneOf('nvidia', 'amd') })
const isGpuUsage = fields({
  index: isNumber,
  knownSeconds: isNumber,
  usedSeconds: isNumber,
  peakMemoryBytes: orNull(isNumber),
  memoryBytes: orNull(isNumber),
})
const isStepTimes = fields({ blocks: isNumber, stepSeconds: orNull(isNumber) })
const isProgress = fields({ steps: isNumber, beside: isStepTimes, alone: isStepTimes })
const isExposure = fields({ seconds: isNumber, appCpuSeconds: isNumber, appRunDelaySeconds: isNumber })
/** A journal of an earlier odop has none. */
const isInterference = (value: unknown) =>
  value === undefined || value === null || fields({ beside: isExposure, alone: isExposure })(value)

const required: Readonly<Record<OdopEvent['type'], Check>> = {
  'launch-started': fields({
    run: isString,
    command: isArrayOf(isString),
    cwd: isString,
    host: isString,
    pid: isNumber,
    version: isString,
    settings: isSettings,
    mode: oneOf('run', 'drain', 'monitor'),
    taskFolders: isArrayOf(isString),
  }),
  'node-joined': fields({ facts: isFacts }),
  'task-defined': fields({ task: isTask }),
  'tasks-added': fields({ files: isArrayOf(isString), tasks: isArrayOf(isString) }),
  'task-removed': fields({ task: isString }),
  'task-refused': fields({ file: isString, problem: isString }),
  'application-started': fields({ pid: orNull(isNumber) }),
  'application-ended': fields({ code: orNull(isNumber), signal: orNull(isString) }),
  'item-queued': fields({ item: isItem }),
  'item-cancelled': fields({ item: isString, reason: isString }),
  'item-completed': fields({ item: isString, outputs: isArrayOf(isString) }),
  'attempt-started': fields({ attempt: isString, item: isString, task: isString, placement: isPlacement }),
  'attempt-suspended': fields({ attempt: isString, reason: isString }),
  'attempt-resumed': fields({ attempt: isString }),
  'attempt-moved': fields({ attempt: isString, placement: isPlacement }),
  'attempt-progress': fields({ attempt: isString, fraction: isNumber, text: orNull(isString) }),
  'attempt-ended': fields({
    attempt: isString,
    item: isString,
    task: isString,
    outcome: isOutcome,
    reason: orNull(isString),
    usage: isAttemptUsage,
    outputs: value => value === undefined || isArrayOf(isString)(value),
    retryAt: orNull(isNumber),
  }),
  usage: fields({ usage: isNodeUsage }),
  progress: fields({ progress: isProgress }),
  'harvest-paused': fields({}),
  'harvest-resumed': fields({}),
  note: fields({ level: oneOf('info', 'warning'), text: isString }),
  'items-left': fields({ task: isString, items: isNumber, reasons: isArrayOf(isString) }),
  'launch-ended': fields({}),
}
