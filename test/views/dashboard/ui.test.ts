import { describe, expect, it } from 'vitest'
import { allot } from '../../../src/views/dashboard/allot.ts'
import { listsOf, rowsOf } from '../../../src/views/dashboard/rows.ts'
import { FIRST_UI, type Key, type KeyName, press, type Ui } from '../../../src/views/dashboard/ui.ts'
import { at, launched, queued, started, taskDefinition } from '../samples.ts'
import { sceneOf, textOf } from './scenes.ts'

const scene = sceneOf([
  ...launched(),
  { type: 'task-defined', at: at(0), task: taskDefinition('merge') },
  queued('reduce', 1, 1),
  queued('reduce', 2, 1),
  queued('merge', 1, 1),
  started('reduce', '1.1', 5),
  started('merge', '1.1', 2),
])

function pressing(keys: readonly (KeyName | string)[], ui: Ui = FIRST_UI) {
  let pressed = { ui, command: null as ReturnType<typeof press>['command'] }
  for (const key of keys) {
    const rows = rowsOf(scene, pressed.ui)
    pressed = press(pressed.ui, keyOf(key), { ...listsOf(scene, rows), scrollRoom: 3 })
  }
  return pressed
}

function keyOf(key: string): Key {
  return key.length === 1 ? { name: null, text: key } : { name: key as KeyName, text: '' }
}

describe('keys', () => {
  it('move within a pane and between panes', () => {
    expect(pressing(['down']).ui.selections.tasks).toEqual({ key: 'merge', at: 1 })
    expect(pressing(['down', 'down', 'down', 'k']).ui.selections.tasks).toEqual({ key: 'reduce', at: 0 })
    expect(pressing(['tab']).ui.pane).toBe('attempts')
    expect(pressing(['tab', 'tab', 'tab']).ui.pane).toBe('tasks')
    expect(pressing(['tab', 'end']).ui.selections.attempts).toEqual({ key: 'reduce#1.1', at: 1 })
  })

  it('sort: the longest first, then by task; the selection stays on its row', () => {
    const rows = (keys: readonly string[]) =>
      rowsOf(scene, pressing(keys).ui).attempts.map(({ attempt }) => attempt)
    expect(rows([])).toEqual(['merge#1.1', 'reduce#1.1'])
    expect(rows(['tab', 's', 's'])).toEqual(['merge#1.1', 'reduce#1.1'])
    const sorted = rowsOf(scene, pressing(['s', 's', 's', 's', 's']).ui).tasks.map(({ name }) => name)
    expect(sorted).toEqual(['merge', 'reduce'])
    expect(pressing(['down', 's', 's', 's', 's', 's', 'e']).ui.open).toEqual({
      kind: 'explain',
      task: 'merge',
    })
  })

  it('filter tasks and attempts, until escape', () => {
    const filtered = pressing(['/', 'm', 'e', 'x', 'backspace', 'enter']).ui
    expect(filtered).toMatchObject({ filter: 'me', typing: null })
    const rows = rowsOf(scene, filtered)
    expect([rows.tasks.map(({ name }) => name), rows.attempts.map(({ attempt }) => attempt)]).toEqual([
      ['merge'],
      ['merge#1.1'],
    ])
    expect(pressing(['escape'], filtered).ui.filter).toBe('')
    expect(pressing(['/', 'q']).command).toBeNull()
  })

  it('open log, explanation, work items and help, and close them again', () => {
    expect(pressing(['tab', 'l']).ui.open).toEqual({ kind: 'log', attempt: 'merge#1.1' })
    expect(pressing(['l']).ui.open).toEqual({ kind: 'log', attempt: 'reduce#1.1' })
    expect(pressing(['e']).ui.open).toEqual({ kind: 'explain', task: 'reduce' })
    expect(pressing(['enter']).ui.open).toEqual({ kind: 'items', task: 'reduce' })
    expect(pressing(['?']).ui.open).toEqual({ kind: 'help' })
    for (const key of ['q', 'escape'])
      expect(pressing(['?', key])).toMatchObject({ ui: { open: null }, command: null })
  })

  it('move an open text within its bounds', () => {
    expect(pressing(['?', 'down', 'down', 'down', 'down', 'down', 'up']).ui.scroll).toBe(2)
    expect(pressing(['?', 'up', 'end']).ui.scroll).toBe(3)
  })

  it('ask before they cancel', () => {
    expect(pressing(['tab', 'c']).ui.asking).toBe('merge#1.1')
    expect(pressing(['tab', 'c', 'y']).command).toEqual({ type: 'cancel', item: 'merge#1.1' })
    expect(pressing(['tab', 'c', 'q'])).toMatchObject({ command: null, ui: { asking: null } })
    expect(pressing(['enter', 'down', 'c', 'y']).command).toEqual({ type: 'cancel', item: 'reduce#2' })
  })

  it('pause and quit', () => {
    expect(pressing(['p']).command).toEqual({ type: 'pause-or-resume' })
    expect(pressing(['q']).command).toEqual({ type: 'quit' })
  })
})

it('open panels show what they are about', () => {
  const items = textOf(scene, [80, 24], pressing(['enter']).ui)
  expect(items).toContainEqual(expect.stringMatching(/^> reduce#1 +running +59s ago/))
  expect(items).toContainEqual(expect.stringMatching(/^ {2}reduce#2 +pending .*\/work\/sim\/data\/2\.bin$/))
  const log = { ...scene, panel: Array.from({ length: 50 }, (_, line) => `line ${line}`) }
  const end = textOf(log, [80, 24], pressing(['l']).ui)
  expect([end[1], end.at(-2)]).toEqual(['Log of reduce#1.1', 'line 49'])
  const why = textOf({ ...scene, panel: ['because\x1b[2J'] }, [80, 24], pressing(['e']).ui)
  expect(why.slice(1, 3)).toEqual(['Why work of reduce waits', 'because\\x1b[2J'])
})

it('lines are shared: the least of the first ones first, then in turns', () => {
  const wishes = [
    { least: 1, most: 1 },
    { least: 2, most: 10 },
    { least: 3, most: 4 },
  ]
  expect(allot(20, wishes)).toEqual([1, 10, 4])
  expect(allot(10, wishes)).toEqual([1, 5, 4])
  expect(allot(4, wishes)).toEqual([1, 3, 0])
  expect(allot(0, wishes)).toEqual([0, 0, 0])
})
