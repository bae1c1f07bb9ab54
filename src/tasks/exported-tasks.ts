import path from 'node:path'
import { isTask, type Task } from './task.ts'

/** A task among those of a module, with the name that it has unless its options give one. */
export interface ExportedTask {
  readonly task: Task
  readonly defaultName: string
}

/**
 * Every task that a module exports: the default export first, then by name; arrays in their order. The position is the
 * task's index, by which a runner finds it again, so the order must be the same at every load.
 */
export function exportedTasks(exported: object, file: string): readonly ExportedTask[] {
  const found = new Map<Task, string>()
  const collect = (value: unknown, name: string): void => {
    if (isTask(value)) {
      if (!found.has(value)) found.set(value, name)
    } else if (Array.isArray(value)) {
      for (const [index, element] of value.entries()) collect(element, `${name}-${index + 1}`)
    }
  }
  const fileName = path.basename(file, path.extname(file))
  for (const [name, value] of exportsOf(exported)) {
    collect(value, name === 'default' || name === 'module.exports' ? fileName : name)
  }
  return [...found].map(([task, defaultName]) => ({ task, defaultName }))
}

/** CommonJS modules arrive whole as the default export: `exports.reduce = task(…)` is an export of its own. */
function exportsOf(exported: object): readonly (readonly [string, unknown])[] {
  const own = Object.entries(exported)
  const entries = [
    ...own.filter(([name]) => name === 'default'),
    ...own.filter(([name]) => name !== 'default'),
  ]
  return entries.flatMap(([name, value]) =>
    name === 'default' &&
    typeof value === 'object' &&
    value !== null &&
    !isTask(value) &&
    !Array.isArray(value)
      ? [...exportsOf(value)]
      : [[name, value] as const],
  )
}
