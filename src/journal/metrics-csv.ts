import type { CoreId, GpuIndex } from '../core/model.ts'
import { openLineFile } from './line-file.ts'

/** What a node did in one metrics interval. */
export interface MetricsRow {
  /** End of the interval, milliseconds since the epoch. */
  readonly at: number
  /** Cores used on average over the interval, by whom. */
  readonly appCores: number
  readonly taskCores: number
  readonly odopCores: number
  /** At the end of the interval. */
  readonly appMemoryBytes: number
  readonly tasksMemoryBytes: number
  readonly odopMemoryBytes: number
  /** Share of each core that was used by anything, in the order of the writer's `cores`. */
  readonly coreShares: readonly number[]
  /** In the order of the writer's `gpus`: how much of the interval each was used, and bytes at its end; null: not known. */
  readonly gpus?: readonly { readonly share: number | null; readonly memoryBytes: number | null }[]
}

/** See `LineFile`: nothing here blocks, throws or rejects. */
export interface MetricsWriter {
  append(row: MetricsRow): void
  close(withinMilliseconds?: number): Promise<void>
}

/**
 * Appends to a node's `metrics/NODE.csv`, whose folder must exist. Metrics are for looking at: where they can't be written
 * nobody is told, and all but the newest are dropped.
 */
export function openMetrics(options: {
  readonly file: string
  readonly cores: readonly CoreId[]
  /** Default: none. */
  readonly gpus?: readonly GpuIndex[]
}): MetricsWriter {
  const lines = openLineFile({
    file: options.file,
    header: [
      ...COLUMNS,
      ...options.cores.map(core => `core${core}`),
      ...(options.gpus ?? []).flatMap(gpu => [`gpu${gpu}`, `gpu${gpu}_memory_bytes`]),
    ].join(','),
    keepLines: 1000,
    syncMilliseconds: null,
    onFailure: () => {},
    droppedLine: () => null,
  })
  return {
    append: row => lines.append(lineOf(row)),
    async close(withinMilliseconds = 1000) {
      await lines.close(withinMilliseconds)
    },
  }
}

const COLUMNS = [
  'time',
  'app_cores',
  'task_cores',
  'odop_cores',
  'app_memory_bytes',
  'tasks_memory_bytes',
  'odop_memory_bytes',
]

function lineOf(row: MetricsRow): string {
  const cores = [row.appCores, row.taskCores, row.odopCores].map(share)
  const memory = [row.appMemoryBytes, row.tasksMemoryBytes, row.odopMemoryBytes].map(Math.round)
  const gpus = (row.gpus ?? []).flatMap(gpu => [
    gpu.share === null ? '' : share(gpu.share),
    gpu.memoryBytes === null ? '' : Math.round(gpu.memoryBytes),
  ])
  const time = new Date(row.at).toISOString()
  return [time, ...cores, ...memory, ...row.coreShares.map(share), ...gpus].join(',')
}

/** A thousandth of a core is more than can be measured. */
function share(value: number): string {
  return String(Math.round(value * 1000) / 1000)
}
