import type { AttemptId } from '../../core/model.ts'
import { readTail } from '../../journal/metrics-tail.ts'
import type { RunPaths } from '../../journal/run-paths.ts'
import type { Open } from '../../views/dashboard/ui.ts'
import type { Status } from '../../views/status.ts'
import type { Live } from './live.ts'

const LOG_BYTES = 64 << 10

/** What is shown of what is open; null: that needs no text of its own. */
export async function panelText(
  open: Open | null,
  { paths, live, status }: { readonly paths: RunPaths; readonly live: Live; readonly status: Status },
): Promise<readonly string[] | null> {
  if (open?.kind === 'log') return logText(paths, open.attempt)
  if (open?.kind === 'explain') return explainText(open.task, live, status)
  return null
}

async function logText(paths: RunPaths, attempt: AttemptId): Promise<readonly string[]> {
  const file = paths.attemptLog(attempt.slice(0, attempt.lastIndexOf('#')), attempt)
  const text = await readTail(file, LOG_BYTES)
  if (text === null) return [`there is no log: ${file}`]
  return text === '' ? ['nothing so far'] : text.trimEnd().split(/\r?\n/)
}

/** The run knows more than its journal: what the cores do just now. */
async function explainText(task: string, live: Live, status: Status): Promise<readonly string[]> {
  const reply = live.attached() ? await live.ask({ type: 'explain', task }) : null
  const told = reply?.ok ? (reply.reasons ?? []) : null
  const reasons = told ?? status.waiting.filter(each => each.task === task).map(({ reason }) => reason)
  const counts = status.tasks.find(({ name }) => name === task)
  const waiting = counts === undefined ? 0 : counts.pending
  const head = `${waiting} pending, ${counts?.running ?? 0} running, ${counts?.suspended ?? 0} suspended`
  return [
    head,
    '',
    ...(reasons.length === 0 ? ['nothing of it waits'] : reasons.map(reason => `* ${reason}`)),
  ]
}
