import type { AttemptId } from '../../core/model.ts'
import { itemBrief } from '../item-detail.ts'
import type { ItemHistory, ItemRecord } from '../item-history.ts'
import type { Status } from '../status.ts'
import type { Summary } from '../summary-schema.ts'
import type { CoreUse } from './core-use.ts'
import { type Cell, csvLine } from './csv.ts'
import { attemptJson } from './report-json.ts'
import type { LoggedAttempt } from './run-log.ts'

/** The tables of `odop report --format csv`, one row for each of what they are named by. */
export const TABLES = ['attempts', 'items', 'nodes', 'cores'] as const
export type Table = (typeof TABLES)[number]

export function attemptsCsv(
  attempts: readonly LoggedAttempt[],
  attemptLog: (attempt: AttemptId) => string,
): string {
  return csvOf(attempts.map(attemptJson), {
    attempt: row => row.attempt,
    item: row => row.item,
    task: row => row.task,
    launch: row => row.launch,
    state: row => row.state,
    nodes: row => row.nodes.map(({ node }) => node).join(' '),
    cores: row => row.nodes.map(({ cores }) => cores.join(' ')).join(';'),
    start: row => row.start,
    end: row => row.end,
    wall_seconds: row => row.wallSeconds,
    cpu_seconds: row => row.cpuSeconds,
    peak_memory_bytes: row => row.peakMemoryBytes,
    reason: row => row.reason,
    log: row => attemptLog(row.attempt),
    progress: row => row.progress?.fraction ?? null,
    progress_text: row => row.progress?.text ?? null,
  })
}

/** In the order in which they were queued. */
export function itemsCsv({ items }: ItemHistory, status: Status): string {
  const startOf = ({ attempts }: ItemRecord) => attempts[0]?.startedAt ?? null
  return csvOf(items.values(), {
    item: row => row.item.id,
    task: row => row.item.task,
    state: row => itemBrief(row, status).state,
    attempts: row => row.attempts.length,
    node: row => row.item.node ?? null,
    queued: row => iso(row.item.queuedAt),
    started: row => iso(startOf(row)),
    ended: row => iso(row.endedAt),
    wait_seconds: row => {
      const start = startOf(row)
      return start === null ? null : (start - row.item.queuedAt) / 1000
    },
    files: row => JSON.stringify(row.item.files),
  })
}

function iso(at: number | null): string | null {
  return at === null ? null : new Date(at).toISOString()
}

export function nodesCsv(nodes: Summary['nodes']): string {
  return csvOf(nodes, {
    node: row => row.name,
    cores: row => row.cores,
    yield: row => row.yield,
    total_core_seconds: row => row.coreSeconds.total,
    app_core_seconds: row => row.coreSeconds.app,
    tasks_core_seconds: row => row.coreSeconds.tasks,
    odop_core_seconds: row => row.coreSeconds.odop,
    idle_core_seconds: row => row.coreSeconds.idle,
    memory_limit_bytes: row => row.memoryBytes.limit,
    app_peak_bytes: row => row.memoryBytes.appPeak,
    tasks_peak_bytes: row => row.memoryBytes.tasksPeak,
    odop_peak_bytes: row => row.memoryBytes.odopPeak,
    app_run_delay_seconds: row => row.appRunDelaySeconds,
    slowdown: row => row.interference?.slowdown ?? null,
  })
}

export function coresCsv(cores: Iterable<CoreUse>): string {
  const share = (value: number) => Number(value.toFixed(4))
  return csvOf(cores, {
    node: row => row.node,
    core: row => row.core,
    measured_seconds: row => Number(row.measuredSeconds.toFixed(3)),
    used_mean: row => (row.measuredSeconds > 0 ? share(row.usedSeconds / row.measuredSeconds) : null),
    used_max: row => (row.measuredSeconds > 0 ? share(row.usedMax) : null),
    held_seconds: row => Number(row.heldSeconds.toFixed(3)),
    attempts: row => row.attempts,
  })
}

type Columns<Row> = Readonly<Record<string, (row: Row) => Cell>>

function csvOf<Row>(rows: Iterable<Row>, columns: Columns<Row>): string {
  const cells = Object.values(columns)
  const lines = [csvLine(Object.keys(columns))]
  for (const row of rows) lines.push(csvLine(cells.map(cell => cell(row))))
  return lines.join('')
}
