import { taskOf } from '../../core/ids.ts'
import type { AttemptId } from '../../core/model.ts'
import { readTail } from '../../journal/metrics-tail.ts'
import type { RunPaths } from '../../journal/run-paths.ts'
import type { Open } from '../../views/dashboard/ui.ts'
import type { Status } from '../../views/status.ts'
import { explainTask } from '../explain-task.ts'
import type { FollowedRun } from './follow-run.ts'
import type { Live } from './live.ts'

const LOG_BYTES = 64 << 10

interface Shown {
  readonly run: FollowedRun
  readonly live: Live
  readonly status: Status
}

/** What is shown of what is open; null: that needs no text of its own. */
export async function panelText(open: Open | null, shown: Shown): Promise<readonly string[] | null> {
  if (open?.kind === 'log') return logText(shown.run.paths, open.attempt)
  if (open?.kind === 'explain') return explainText(open.task, shown)
  return null
}

async function logText(paths: RunPaths, attempt: AttemptId): Promise<readonly string[]> {
  const file = paths.attemptLog(taskOf(attempt), attempt)
  const text = await readTail(file, LOG_BYTES)
  if (text === null) return [`there is no log: ${file}`]
  return text === '' ? ['nothing so far'] : text.trimEnd().split(/\r?\n/)
}

/** As `odop explain` says it. */
async function explainText(name: string, { run, live, status }: Shown): Promise<readonly string[]> {
  const { state, details } = run.told
  const task = state.tasks.get(name)
  if (task === undefined) return [`there is no task ${name} any more`]
  const { pending, running, ended, reasons } = await explainTask({
    task,
    state,
    details,
    status,
    alive: run.alive(),
    ask: async request => (live.attached() ? await live.ask(request) : null),
  })
  const counts = `${pending} pending, ${running} running, ${ended} ended`
  return [
    counts,
    '',
    ...(reasons.length === 0 ? ['nothing of it waits'] : reasons.map(reason => `* ${reason}`)),
  ]
}
