import type { FileFilter, TaskDefinition, Trigger, WatchedOn } from '../core/model.ts'
import { formatDuration, formatSize } from '../core/units.ts'
import { unreachable } from '../core/unreachable.ts'
import { renderLines, type TextOptions, usableWidth } from './lines.ts'
import { printable } from './printable.ts'
import { shortPath } from './problems-text.ts'
import { type Column, tableLines } from './table.ts'
import { counted } from './units.ts'

/** The tasks that can run, as `odop tasks check` and `odop tasks list` show them. */
export function tasksText(tasks: readonly TaskDefinition[], cwd: string, options: TextOptions): string {
  if (tasks.length === 0) return ''
  return renderLines(tableLines(tasks, columns(cwd), usableWidth(options)), options)
}

/** What queues a task, in words. */
export function triggerText(trigger: Trigger): string {
  switch (trigger.kind) {
    case 'file-in':
      return printable(
        `${trigger.batchSize === 1 ? 'a file' : counted(trigger.batchSize, 'file')} in ${trigger.folder}${below(trigger)}${watchers(trigger)}`,
      )
    case 'file-updated':
      return printable(`${trigger.path} updated${below(trigger)}${watchers(trigger)}`)
    case 'timer':
      return `every ${formatDuration(trigger.everySeconds)}`
    case 'after':
      return printable(`after ${trigger.task}`)
    case 'signal':
      return printable(`signal ${trigger.name}`)
    case 'background':
      return 'in the background'
    default:
      return unreachable(trigger)
  }
}

function columns(cwd: string): readonly Column<TaskDefinition>[] {
  return [
    { head: 'Task', align: 'left', text: task => printable(task.name) },
    { head: 'Cpus', align: 'right', text: cpusText },
    { head: 'Memory', align: 'right', text: task => limitText(task.memoryBytes, formatSize) },
    { head: 'Time', align: 'right', text: task => limitText(task.timeSeconds, formatDuration) },
    { head: 'Trigger', align: 'left', flexible: true, text: queueText },
    { head: 'Module', align: 'left', flexible: true, text: task => printable(shortPath(task.module, cwd)) },
  ]
}

/** What queues it, and what it waits for then. */
function queueText({ trigger, dependsOn = null }: TaskDefinition): string {
  if (dependsOn === null) return triggerText(trigger)
  const names = dependsOn.tasks.join(dependsOn.of === 'any' ? ' or ' : ' and ')
  return printable(
    `${triggerText(trigger)}; when ${names} ${dependsOn.tasks.length > 1 && dependsOn.of === 'all' ? 'are' : 'is'} done`,
  )
}

/** `2 × 4`: on each of two nodes four. */
function cpusText({ cpus, mpi }: TaskDefinition): string {
  if (mpi == null) return String(cpus)
  return mpi.nodes === null ? `${mpi.ranks} × ${mpi.cpusPerRank}` : `${mpi.nodes} × ${cpus}`
}

function limitText(limit: number | null, text: (limit: number) => string): string {
  return limit === null ? '-' : text(limit)
}

function below(trigger: { readonly recursive: boolean; readonly filter: FileFilter | null }): string {
  const depth = trigger.recursive ? ' and below' : ''
  return trigger.filter === null ? depth : `${depth}, ${filterText(trigger.filter)}`
}

function watchers({ on }: { readonly on?: WatchedOn }): string {
  return on === 'each-node' ? ', on each node' : ''
}

function filterText(filter: FileFilter): string {
  return filter.kind === 'glob' ? filter.pattern : `/${filter.source}/${filter.flags}`
}
