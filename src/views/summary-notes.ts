import { neverFits } from '../core/fit.ts'
import type { AttemptId, TaskName } from '../core/model.ts'
import { boundElsewhere } from '../core/queue.ts'
import { itemsLeft, pausedSeconds, type RunView, type TaskState, type View } from '../core/state.ts'
import { formatDuration } from '../core/units.ts'
import type { Details } from './details.ts'
import { firstLine, shellWord } from './printable.ts'
import { shortPath } from './problems-text.ts'
import { counted } from './units.ts'

/** So many notes of a kind at most; then one says how many more there are. */
const MOST_OF_A_KIND = 20

interface NoteOptions {
  readonly details: Details
  readonly attemptLog: ((attempt: AttemptId) => string) | null
}

/** What a user should know of a run, what needs something to be done first. */
export function summaryNotes(state: RunView, options: NoteOptions): readonly string[] {
  return [
    ...new Set([
      ...leftNotes(state, options),
      ...some(failureNotes(state, options), 'task with failed work items'),
      ...some(refusalNotes(state), 'module that could not be used'),
      ...some(upToDateNotes(state), 'task whose outputs were there'),
      ...some(neverFitNotes(state), 'task that can never run here'),
      ...some(noted(state, 'warning'), 'warning'),
      ...some(noted(state, 'info'), 'remark'),
      ...pauseNotes(state),
      ...launchNotes(state),
    ]),
  ]
}

/** A task that asks for more than the nodes have: said at the start, and in the summary in the same words. */
export function neverFitNote(task: TaskName, reason: string): string {
  return `${task} can never run here: ${reason}`
}

function neverFitNotes(state: RunView): readonly string[] {
  const nodes = [...state.nodes.values()]
  if (nodes.length === 0) return []
  return [...state.tasks.values()].flatMap(({ name, definition }) => {
    const reason = definition === null ? null : neverFits(definition, nodes, state.settings)
    return reason === null ? [] : [neverFitNote(name, reason)]
  })
}

function leftNotes(state: RunView, { attemptLog }: NoteOptions): readonly string[] {
  const tasks = [...state.tasks.values()].filter(task => itemsLeft(task) > 0 && !isEndless(task.definition))
  const [first, ...others] = tasks
  if (first === undefined || state.launch === null) return []
  const count = tasks.reduce((sum, task) => sum + itemsLeft(task), 0)
  const of = others.length === 0 ? first.name : counted(tasks.length, 'task')
  // Without a run folder there is nothing that `odop drain` could find.
  const advice =
    attemptLog === null
      ? ''
      : `; work ${count === 1 ? 'it' : 'them'} off with: odop drain ${shellWord(state.launch.run)}`
  const gone = tasks.filter(task => task.definition === null)
  return [
    `${counted(count, 'work item')} of ${of} ${count === 1 ? 'is' : 'are'} left${advice}`,
    ...some(
      gone.map(task => `${task.name} has work items left, but no task of this name was loaded`),
      'task that was not loaded',
    ),
    ...some(
      tasks.flatMap(task => elsewhereNotes(state, task)),
      'node that has files',
    ),
  ]
}

function elsewhereNotes(state: RunView, task: View<TaskState>): readonly string[] {
  return boundElsewhere(state, task).map(([node, count]) => {
    const what = counted(count, 'work item')
    return `${what} of ${task.name} can only start on ${node}, where the files are; it was not a node of this launch`
  })
}

/** Nothing of it can be worked off: it is queued again for as long as the application runs. */
function isEndless(definition: { readonly trigger: { readonly kind: string } } | null): boolean {
  return definition?.trigger.kind === 'background' || definition?.trigger.kind === 'timer'
}

function failureNotes(state: RunView, { details, attemptLog }: NoteOptions): readonly string[] {
  const retried = retriesLeft(state)
  return [...state.tasks.values()].flatMap(({ name, ended }) => {
    const failed = ended.failed + ended.timeout
    const waiting = retried.get(name) ?? 0
    if (failed + waiting === 0) return []
    const counts = [
      ...(failed > 0 ? [`${counted(failed, 'work item')} failed`] : []),
      ...(waiting > 0 ? [`${counted(waiting, 'work item')} failed and will be tried again`] : []),
    ]
    const last = details.lastFailures.get(name)
    const log = last === undefined || attemptLog === null ? '' : `; log: ${attemptLog(last.attempt)}`
    const why = last === undefined ? '' : `; the last, ${last.attempt}: ${firstLine(last.reason)}${log}`
    return [`${name}: ${counts.join(', ')}${why}`]
  })
}

/** Work items by task that are left after an attempt that failed. */
function retriesLeft(state: RunView): ReadonlyMap<TaskName, number> {
  const counts = new Map<TaskName, number>()
  for (const item of state.items.values()) {
    if (item.failures > 0) counts.set(item.task, (counts.get(item.task) ?? 0) + 1)
  }
  return counts
}

/** They count as completed, but nobody has worked for them. */
function upToDateNotes(state: RunView): readonly string[] {
  return [...state.tasks.values()].flatMap(({ name, upToDate, ended }) =>
    upToDate === 0
      ? []
      : [
          `${name}: of ${counted(ended.completed, 'completed work item')} ${upToDate} had nothing to do, because the outputs were there`,
        ],
  )
}

function refusalNotes(state: RunView): readonly string[] {
  const cwd = state.launch?.cwd ?? '/'
  return state.refusals.map(({ file, problem }) => `not used: ${shortPath(file, cwd)}: ${problem}`)
}

function noted(state: RunView, level: 'info' | 'warning'): readonly string[] {
  return state.notes
    .filter(note => note.level === level)
    .map(({ node, text }) => (node === null ? text : `${node}: ${text}`))
}

function pauseNotes(state: RunView): readonly string[] {
  const { pause, launchEndedAt } = state
  if (pause.times === 0) return []
  const times = pause.times === 1 ? '' : ` ${pause.times} times`
  const end = launchEndedAt ?? pause.since ?? 0
  const stillIs = pause.since === null || launchEndedAt !== null ? '' : ', and still is'
  return [
    `harvesting was paused${times} by the user, for ${formatDuration(pausedSeconds(state, end))}${stillIs}`,
  ]
}

function launchNotes(state: RunView): readonly string[] {
  if (state.launches < 2) return []
  return [
    `this is launch ${state.launches} of the run: times, cores and memory are those of this launch, tasks those of the whole run`,
  ]
}

function some(notes: readonly string[], noun: string): readonly string[] {
  const more = notes.length - MOST_OF_A_KIND
  if (more <= 0) return notes
  return [...notes.slice(0, MOST_OF_A_KIND), `and ${counted(more, `more ${noun}`)}`]
}
