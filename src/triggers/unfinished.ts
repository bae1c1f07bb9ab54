import { formatDuration } from '../core/units.ts'
import { unreachable } from '../core/unreachable.ts'
import type { Unfinished } from './completeness/completion-queue.ts'
import { commandOf } from './completeness/process-files.ts'

/** So many files are told of one by one. */
const MOST_FILES = 5

/** Why files are not complete yet, and who has them open. */
export function incompleteTexts(unfinished: readonly Unfinished[], settleSeconds: number): string[] {
  const told = unfinished.slice(0, MOST_FILES).map(file => {
    return `${JSON.stringify(file.path)} is not complete: ${whyIncomplete(file, settleSeconds)}`
  })
  const more = unfinished.length - told.length
  return more > 0 ? [...told, `and ${more} more ${more === 1 ? 'file' : 'files'} not complete`] : told
}

function whyIncomplete({ why, pid }: Unfinished, settleSeconds: number): string {
  switch (why) {
    case 'open':
      return `${pid === null ? 'a process that odop cannot see' : processText(pid)} has it open for writing`
    case 'empty':
      return 'it has just been made and is still empty'
    case 'settling':
      return `it must not change for ${formatDuration(settleSeconds)} (settle), since who writes to it cannot be seen`
    case 'unseen':
      return 'it is just being looked at'
    default:
      return unreachable(why)
  }
}

function processText(pid: number): string {
  const command = commandOf(pid)
  return command === null ? `process ${pid}` : `process ${pid} (${command})`
}

/** Nothing is hidden: files for which the end did not wait. They fire in the next run of the same name. */
export function sayUnfinished(
  task: string,
  unfinished: readonly Unfinished[],
  warn: (text: string) => void,
): void {
  const first = unfinished[0]
  if (first === undefined) return
  const count = unfinished.length === 1 ? '1 file' : `${unfinished.length} files`
  const why = first.pid === null ? 'still changing' : `still open for writing by process ${first.pid}`
  const path = JSON.stringify(first.path)
  warn(`${task}: ${count} not complete at the end and therefore not queued: ${path} was ${why}`)
}
