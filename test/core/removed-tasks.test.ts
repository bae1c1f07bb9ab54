import { describe, expect, it } from 'vitest'
import { workLeft } from '../../src/core/dependencies.ts'
import type { OdopEvent } from '../../src/core/events.ts'
import { markFollowing, returnFollowers } from '../../src/core/followers.ts'
import { apply, itemsLeft, type RunState, type TaskState } from '../../src/core/state.ts'
import { removalProblem, takenNames } from '../../src/core/task-names.ts'
import { defined, ended, facts, items, launched, queued, run, started, T0, task } from './fixtures.ts'

const at = { node: 'n1', cores: [0] }
const removed: OdopEvent = { type: 'task-removed', at: T0 + 5, task: 'reduce' }
const added: OdopEvent = { type: 'tasks-added', at: T0 + 6, files: ['/x/reduce.ts'], tasks: ['reduce'] }

function counts(state: RunState) {
  const reduce = state.tasks.get('reduce')
  return (
    reduce && {
      left: itemsLeft(reduce),
      pending: state.pendingCount,
      ...reduce.ended,
      defined: reduce.definition !== null,
    }
  )
}

describe('a task that is removed', () => {
  const before = [...items('reduce', 3), started('reduce#1.1', T0, at), removed]

  it('has its pending items cancelled, and what runs goes on', () => {
    const state = run({ events: before })
    expect(counts(state)).toMatchObject({ left: 1, pending: 0, cancelled: 2, defined: false })
    apply(state, ended('reduce#1.1', T0 + 9))
    expect(counts(state)).toMatchObject({ left: 0, completed: 1, cancelled: 2 })
  })

  it.each([
    ['is requeued', ended('reduce#1.1', T0 + 9, 'requeued')],
    ['is to be retried', ended('reduce#1.1', T0 + 9, 'failed', T0 + 99)],
    ['is left by a launch that was killed', launched(T0 + 9)],
  ])('has cancelled what %s', (_, event) => {
    const state = run({ events: [...before, event] })
    expect(counts(state)).toMatchObject({ left: 0, pending: 0, cancelled: 3, completed: 0 })
    expect(state.items.size).toBe(0)
  })

  it('has cancelled what waits in a runner', () => {
    const state = run({ events: [...items('reduce', 2), started('reduce#1.1', T0, at)] })
    markFollowing(state, 'reduce#2', 'reduce#1.1')
    apply(state, removed)
    returnFollowers(state, 'reduce#1.1')
    expect(counts(state)).toMatchObject({ left: 1, pending: 0, cancelled: 1 })
  })

  it('has nothing left of what it was to come after', () => {
    const plot = task({ name: 'plot', trigger: { kind: 'after', task: 'reduce' } })
    const state = run({ tasks: [task(), plot], events: [queued('reduce', 1), started('reduce#1.1', T0, at)] })
    apply(state, ended('reduce#1.1', T0 + 1))
    expect(workLeft(state.tasks.get('plot') as TaskState)).toBe(1)
    apply(state, { ...removed, task: 'plot' })
    expect(workLeft(state.tasks.get('plot') as TaskState)).toBe(0)
    expect(state.tasks.get('reduce')?.successors.size).toBe(0)
  })

  it('stays removed in later launches, until it is added again', () => {
    const state = run({ events: [...before, launched(T0 + 9)] })
    expect([...state.removed]).toEqual(['reduce'])
    apply(state, added)
    expect(state.removed.size).toBe(0)
    expect([...state.addedFiles]).toEqual(['/x/reduce.ts'])
    apply(state, launched(T0 + 20))
    apply(state, defined(task()))
    apply(state, queued('reduce', 4, T0 + 21))
    expect(counts(state)).toMatchObject({ left: 1, pending: 1, defined: true })
    expect([...state.addedFiles]).toEqual(['/x/reduce.ts'])
  })

  it('is nothing where nobody knows it', () => {
    const state = run({ nodes: [facts()], tasks: [] })
    apply(state, removed)
    expect(state.tasks.size).toBe(0)
  })
})

it('says why a task can not be removed', () => {
  const state = run({ events: [...items('reduce', 1)] })
  expect(removalProblem('reduce', state)).toBe(null)
  expect(removalProblem('redcue', state)).toBe('the run has no task redcue; there is reduce')
  apply(state, removed)
  expect(removalProblem('reduce', state)).toBe('reduce was removed before')
  expect(removalProblem('x', state)).toBe('the run has no task x')
})

it('knows which names are taken', () => {
  const state = run()
  const other = task({ name: 'render' })
  expect(takenNames([task(), other], state)).toEqual({ free: [other], taken: [task()] })
  apply(state, removed)
  expect(takenNames([task()], state).taken).toEqual([])
})
