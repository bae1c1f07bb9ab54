import type { Unfinished } from './completeness/completion-queue.ts'

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
