import { progressText } from '../../progress-text.ts'
import type { Report } from '../report.ts'
import type { PageData, Shares } from './page-data.ts'

export function pageData({ timeline, gantt, summary }: Report): PageData {
  const { start, end, binSeconds, bins, cores, memory, queue, kind } = timeline
  const tasks = [...new Set(gantt.blocks.map(({ task }) => task))]
  const numbers = new Map(tasks.map((task, at) => [task, at]))
  const seconds = (at: number) => rounded((at - start) / 1000, 2)
  return {
    start,
    seconds: (end - start) / 1000,
    binSeconds,
    bins,
    cores: {
      app: roundedAll(cores.app, 3),
      tasks: roundedAll(cores.tasks, 3),
      odop: roundedAll(cores.odop, 3),
      idle: roundedAll(cores.idle, 3),
    },
    totalCores: summary.totals.cores,
    memory: {
      limit: memory.limitBytes,
      app: roundedAll(memory.appBytes, 0),
      tasks: roundedAll(memory.tasksBytes, 0),
      odop: roundedAll(memory.odopBytes, 0),
      fullest: roundedAll(memory.fullestShare, 4),
    },
    queue: {
      pending: roundedAll(queue.pending, 2),
      pendingMax: queue.pendingMax,
      running: roundedAll(queue.running, 2),
      runningMax: queue.runningMax,
    },
    kind,
    rows: timeline.rows.map(({ name, cores, used, usedMax, held, parts }) => ({
      name,
      cores,
      used: thousandths(used),
      max: thousandths(usedMax),
      held: held && thousandths(held),
      parts: parts && {
        app: thousandths(parts.app),
        tasks: thousandths(parts.tasks),
        odop: thousandths(parts.odop),
      },
    })),
    tasks,
    lanes: gantt.lanes,
    blocks: gantt.blocks.map(({ row, lane, from, to, task, attempt, attempts, failed }) => [
      row,
      lane,
      seconds(from),
      seconds(to),
      numbers.get(task) ?? 0,
      attempts,
      failed,
      attempt?.attempt ?? '',
      attempt?.state ?? '',
      progressText(attempt?.progress ?? null),
    ]),
  }
}

function thousandths(shares: Shares): Shares {
  return shares.map(share => (share === null ? null : Math.round(share * 1000)))
}

function roundedAll(values: readonly number[], digits: number): number[] {
  return values.map(value => rounded(value, digits))
}

function rounded(value: number, digits: number): number {
  return Number(value.toFixed(digits))
}
