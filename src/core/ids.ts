import type { AttemptId, ItemId, TaskName } from './model.ts'

export function itemId(task: TaskName, number: number): ItemId {
  return `${task}#${number}`
}

/** The TASK of `TASK#N`. */
export function taskOf(item: ItemId): TaskName {
  return item.slice(0, item.lastIndexOf('#'))
}

export function attemptId(item: ItemId, number: number): AttemptId {
  return `${item}.${number}`
}

/** The N of `TASK#N`; null: it is no such id. */
export function itemNumber(item: ItemId): number | null {
  const number = Number(item.slice(item.lastIndexOf('#') + 1))
  return item.includes('#') && Number.isSafeInteger(number) && number > 0 ? number : null
}
