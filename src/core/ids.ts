import type { AttemptId, ItemId, TaskName } from './model.ts'

export function itemId(task: TaskName, number: number): ItemId {
  return `${task}#${number}`
}

export function attemptId(item: ItemId, number: number): AttemptId {
  return `${item}.${number}`
}

/** `TASK#N` of `TASK#N.K`; null: it is no such id. */
export function itemOfAttempt(attempt: AttemptId): ItemId | null {
  return /^(.+#\d+)\.\d+$/.exec(attempt)?.[1] ?? null
}

/** The N of `TASK#N`; null: it is no such id. */
export function itemNumber(item: ItemId): number | null {
  const number = Number(item.slice(item.lastIndexOf('#') + 1))
  return item.includes('#') && Number.isSafeInteger(number) && number > 0 ? number : null
}

/** The task of `TASK#N` or `TASK#N.K`. */
export function taskOf(id: ItemId | AttemptId): TaskName {
  return id.slice(0, id.lastIndexOf('#'))
}

/** The item that the attempt `TASK#N.K` is at. */
export function itemOf(attempt: AttemptId): ItemId {
  return attempt.slice(0, attempt.lastIndexOf('.'))
}
