import { taskOf } from '../../core/ids.ts'

/** What the user has chosen, and how keys change it. Pure: what a key asks of others is a command. */
export interface Ui {
  readonly pane: Pane
  readonly selections: Readonly<Record<List, Selection>>
  readonly sorts: { readonly tasks: TaskSort; readonly attempts: AttemptSort }
  /** Rows and events hold this text; empty: all are shown. */
  readonly filter: string
  /** What is being typed as a filter; null: nothing is. */
  readonly typing: string | null
  /** What is open over the panes. */
  readonly open: Open | null
  /** Lines by which the open text was moved from where it opens. */
  readonly scroll: number
  /** The work item that is to be cancelled, if the user says yes. */
  readonly asking: string | null
}

export type Pane = (typeof PANES)[number]
/** What rows can be selected in. */
export type List = Pane | 'items'

/** A row is found by its key wherever it has moved; when it is gone, the one in its place is selected. */
export interface Selection {
  readonly key: string | null
  readonly at: number
}

export type Open =
  | { readonly kind: 'help' }
  | { readonly kind: 'log'; readonly attempt: string }
  | { readonly kind: 'explain'; readonly task: string }
  | { readonly kind: 'items'; readonly task: string }

export type TaskSort = (typeof TASK_SORTS)[number]
export type AttemptSort = (typeof ATTEMPT_SORTS)[number]

/** The keys of all rows, in the order in which they are shown. */
export interface Lists extends Readonly<Record<List, readonly string[]>> {
  /** By so many lines the open text can be moved: down, or up where it opens at its end (below 0). */
  readonly scrollRoom: number
  /** The attempt of a task whose log says most: one that runs, else the last one that failed; null: there is none. */
  readonly logOf: (task: string) => string | null
}

/** A key of the keyboard: a name such as `up`, or the characters that were typed. */
export interface Key {
  readonly name: KeyName | null
  readonly text: string
}

export type KeyName =
  | 'up'
  | 'down'
  | 'pageup'
  | 'pagedown'
  | 'home'
  | 'end'
  | 'tab'
  | 'enter'
  | 'escape'
  | 'backspace'

export type UiCommand =
  | { readonly type: 'quit' }
  | { readonly type: 'pause-or-resume' }
  | { readonly type: 'cancel'; readonly item: string }

const PANES = ['tasks', 'attempts', 'nodes'] as const
/** In the order in which a key goes through them. */
export const TASK_SORTS = ['order', 'waiting', 'running', 'completed', 'failed', 'name'] as const
export const ATTEMPT_SORTS = ['time', 'task', 'node'] as const
const PAGE = 10

const NOTHING: Selection = { key: null, at: 0 }

export const FIRST_UI: Ui = {
  pane: 'tasks',
  selections: { tasks: NOTHING, attempts: NOTHING, nodes: NOTHING, items: NOTHING },
  sorts: { tasks: 'order', attempts: 'time' },
  filter: '',
  typing: null,
  open: null,
  scroll: 0,
  asking: null,
}

export interface Pressed {
  readonly ui: Ui
  readonly command: UiCommand | null
}

/** The place of the selected row; -1: there are no rows. */
export function selectedAt({ key, at }: Selection, keys: readonly string[]): number {
  const found = key === null ? -1 : keys.indexOf(key)
  return found >= 0 ? found : Math.min(at, keys.length - 1)
}

export function press(ui: Ui, key: Key, lists: Lists): Pressed {
  if (ui.asking !== null) return answer(ui, ui.asking, key)
  if (ui.typing !== null) return only(typed(ui, ui.typing, key))
  if (ui.open !== null) return inOpen(ui, ui.open, key, lists)
  return inPanes(ui, key, lists)
}

function only(ui: Ui): Pressed {
  return { ui, command: null }
}

function answer(ui: Ui, item: string, { text }: Key): Pressed {
  return { ui: { ...ui, asking: null }, command: text === 'y' ? { type: 'cancel', item } : null }
}

function typed(ui: Ui, typing: string, { name, text }: Key): Ui {
  if (name === 'enter') return { ...ui, typing: null, filter: typing }
  if (name === 'escape') return { ...ui, typing: null, filter: '' }
  const next = name === 'backspace' ? typing.slice(0, -1) : name === null ? typing + text : typing
  return { ...ui, typing: next, filter: next }
}

function inOpen(ui: Ui, open: Open, key: Key, lists: Lists): Pressed {
  const closing = key.name === 'escape' || key.text === 'q'
  if (closing) return only({ ...ui, open: null, scroll: 0 })
  if (open.kind !== 'items') return only({ ...ui, scroll: scrolled(ui.scroll, key, lists.scrollRoom) })
  if (key.text === 'c') return only(asked(ui, selectedKey(ui, 'items', lists)))
  return only(moved(ui, 'items', key, lists))
}

function scrolled(scroll: number, key: Key, room: number): number {
  return Math.max(Math.min(0, room), Math.min(Math.max(0, room), scroll + (steps(key) ?? 0)))
}

function inPanes(ui: Ui, key: Key, lists: Lists): Pressed {
  const { name, text } = key
  if (text === 'q') return { ui, command: { type: 'quit' } }
  if (text === 'p') return { ui, command: { type: 'pause-or-resume' } }
  if (name === 'tab') return only({ ...ui, pane: after(PANES, ui.pane) })
  if (name === 'escape') return only({ ...ui, filter: '' })
  if (name === 'enter') return only(entered(ui, lists))
  switch (text) {
    case '?':
    case 'h':
      return only(opened(ui, { kind: 'help' }))
    case '/':
      return only({ ...ui, typing: ui.filter })
    case 's':
      return only(sorted(ui))
    case 'l':
      return only(openLog(ui, lists))
    case 'e':
      return only(explained(ui, lists))
    case 'c':
      return only(ui.pane === 'attempts' ? asked(ui, selectedKey(ui, 'attempts', lists)) : entered(ui, lists))
    default:
      return only(moved(ui, ui.pane, key, lists))
  }
}

function entered(ui: Ui, lists: Lists): Ui {
  if (ui.pane === 'attempts') return openLog(ui, lists)
  const task = ui.pane === 'tasks' ? selectedKey(ui, 'tasks', lists) : null
  return task === null ? ui : opened(ui, { kind: 'items', task })
}

function openLog(ui: Ui, lists: Lists): Ui {
  const task = selectedKey(ui, 'tasks', lists)
  const ofTask = task === null ? null : lists.logOf(task)
  const attempt = ui.pane === 'attempts' ? selectedKey(ui, 'attempts', lists) : ofTask
  return attempt === null ? ui : opened(ui, { kind: 'log', attempt })
}

function explained(ui: Ui, lists: Lists): Ui {
  const attempt = ui.pane === 'attempts' ? selectedKey(ui, 'attempts', lists) : null
  const task = attempt === null ? selectedKey(ui, 'tasks', lists) : taskOf(attempt)
  return task === null ? ui : opened(ui, { kind: 'explain', task })
}

function opened(ui: Ui, open: Open): Ui {
  return { ...ui, open, scroll: 0, selections: { ...ui.selections, items: NOTHING } }
}

function asked(ui: Ui, item: string | null): Ui {
  return item === null ? ui : { ...ui, asking: item }
}

function sorted(ui: Ui): Ui {
  const { tasks, attempts } = ui.sorts
  if (ui.pane === 'tasks') return { ...ui, sorts: { tasks: after(TASK_SORTS, tasks), attempts } }
  if (ui.pane === 'attempts') return { ...ui, sorts: { tasks, attempts: after(ATTEMPT_SORTS, attempts) } }
  return ui
}

function after<T>(all: readonly T[], one: T): T {
  return all[(all.indexOf(one) + 1) % all.length] ?? one
}

function selectedKey(ui: Ui, list: List, lists: Lists): string | null {
  return lists[list][selectedAt(ui.selections[list], lists[list])] ?? null
}

function moved(ui: Ui, list: List, key: Key, lists: Lists): Ui {
  const by = steps(key)
  const keys = lists[list]
  if (by === null || keys.length === 0) return ui
  const at = Math.max(0, Math.min(keys.length - 1, selectedAt(ui.selections[list], keys) + by))
  return { ...ui, selections: { ...ui.selections, [list]: { key: keys[at] ?? null, at } } }
}

/** By how many rows a key moves; null: it does not. */
function steps({ name, text }: Key): number | null {
  if (name === 'up' || text === 'k') return -1
  if (name === 'down' || text === 'j') return 1
  if (name === 'pageup') return -PAGE
  if (name === 'pagedown') return PAGE
  if (name === 'home' || text === 'g') return Number.NEGATIVE_INFINITY
  if (name === 'end' || text === 'G') return Number.POSITIVE_INFINITY
  return null
}
