import type { FileFilter, TaskDefinition, Trigger, WatchedOn } from '../core/model.ts'
import { parameterWords } from '../core/parameter-words.ts'
import { formatDuration, formatSize } from '../core/units.ts'
import { unreachable } from '../core/unreachable.ts'
import type { IgnoredFile } from '../tasks/loaded.ts'
import { bulletLines } from './layout.ts'
import { renderLines, type TextOptions, usableWidth } from './lines.ts'
import { printable, shellWord } from './printable.ts'
import { shortPath } from './problems-text.ts'
import { type Column, tableLines } from './table.ts'
import { counted } from './units.ts'

/** The tasks that can run, as `odop tasks check` and `odop tasks list` show them. */
export function tasksText(tasks: readonly TaskDefinition[], cwd: string, options: TextOptions): string {
  if (tasks.length === 0) return ''
  return renderLines(tableLines(tasks, columns(tasks, cwd), usableWidth(options)), options)
}

/** What became of each script with directives, a line each; empty: there is none. */
export function scriptsText(tasks: readonly TaskDefinition[], cwd: string, options: TextOptions): string {
  const scripts = tasks.filter(({ kind }) => kind === 'script')
  const lines = scripts.flatMap(task => bulletLines(scriptText(task, cwd), usableWidth(options)))
  return lines.length === 0 ? '' : renderLines([['Scripts with directives'], ...lines], options)
}

function scriptText(task: TaskDefinition, cwd: string): string {
  const { cpus, mpi, memoryBytes, diskLimitBytes = null, timeSeconds, trigger } = task
  const script = shortPath(task.module, cwd)
  const files = trigger.kind === 'file-in' || trigger.kind === 'file-updated' ? ' FILE…' : ''
  const words = parameterWords(task).map(shellWord)
  const limits = [
    mpi == null ? `${cpus} ${cpus === 1 ? 'cpu' : 'cpus'}` : `${cpusText(task)} cpus in ranks`,
    ...(memoryBytes === null ? [] : [`${formatSize(memoryBytes)} of memory`]),
    ...(diskLimitBytes === null ? [] : [`${formatSize(diskLimitBytes)} on disks`]),
    ...(timeSeconds === null ? [] : [`at most ${formatDuration(timeSeconds)}`]),
  ]
  const started = [shellWord(script), ...words].join(' ') + files
  return printable(
    `${script} is the task ${task.name}: ${triggerText(trigger)}; ${limits.join(', ')}; started as ${started}`,
  )
}

/** Files that are passed over, a line each. */
export function ignoredText(ignored: readonly IgnoredFile[], cwd: string): string {
  return ignored
    .map(({ file, reason }) => `ignored: ${printable(shortPath(file, cwd))}: ${reason}\n`)
    .join('')
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

function columns(tasks: readonly TaskDefinition[], cwd: string): readonly Column<TaskDefinition>[] {
  const gpus: Column<TaskDefinition> = {
    head: 'GPUs',
    align: 'right',
    text: task => String(task.gpus ?? '-'),
  }
  return [
    { head: 'Task', align: 'left', text: task => printable(task.name) },
    { head: 'Cpus', align: 'right', text: cpusText },
    ...(tasks.some(task => task.gpus !== undefined) ? [gpus] : []),
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
export function cpusText({ cpus, mpi }: TaskDefinition): string {
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
