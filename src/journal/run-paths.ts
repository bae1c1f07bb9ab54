import path from 'node:path'
import type { AttemptId, ItemId, NodeName, TaskName } from '../core/model.ts'

/** The files of a run, all in `$ODOP_PATH/runs/RUN/`. */
export interface RunPaths {
  readonly folder: string
  readonly journal: string
  readonly lock: string
  readonly controlSocket: string
  /** What a program has to show on the TCP port of `--api`. */
  readonly apiToken: string
  readonly summaryJson: string
  readonly summaryText: string
  readonly report: string
  metrics(node: NodeName): string
  /** `logs/TASK/N.K.log` of the attempt `TASK#N.K`. */
  attemptLog(task: TaskName, attempt: AttemptId): string
  /** `checkpoints/TASK/N`: what attempts at an item have kept. */
  checkpoint(task: TaskName, item: ItemId): string
  /** The private temporary folder of an attempt. */
  scratch(attempt: AttemptId): string
}

/** Where all runs are. */
export function runsFolder(odopPath: string): string {
  return path.join(odopPath, 'runs')
}

export function runPaths(odopPath: string, run: string): RunPaths {
  const folder = path.join(runsFolder(odopPath), run)
  const inside = (...names: readonly string[]) => path.join(folder, ...names)
  return {
    folder,
    journal: inside('events.ndjson'),
    lock: inside('lock'),
    controlSocket: inside('control.sock'),
    apiToken: inside('api-token'),
    summaryJson: inside('summary.json'),
    summaryText: inside('summary.txt'),
    report: inside('report.html'),
    metrics: node => inside('metrics', `${fileName(node)}.csv`),
    attemptLog: (task, attempt) => inside('logs', fileName(task), `${fileName(numbersOf(attempt))}.log`),
    checkpoint: (task, item) => inside('checkpoints', fileName(task), fileName(numbersOf(item))),
    scratch: attempt => inside('scratch', fileName(attempt)),
  }
}

function numbersOf(attempt: AttemptId): string {
  return attempt.slice(attempt.lastIndexOf('#') + 1)
}

/** A name of one part, whatever characters a task's name has; different names stay different. */
function fileName(name: string): string {
  return encodeURIComponent(name.toWellFormed())
    .replaceAll('%23', '#')
    .replace(/^\.+$/, dots => '%2E'.repeat(dots.length))
}
