import { expect, it } from 'vitest'
import { schedule } from '../../src/core/schedule.ts'
import { ended, facts, items, look, run, snapshot, started, T0, task } from './fixtures.ts'

const n1 = facts()
const definition = task({ diskLimitBytes: 1024 ** 2 })
const events = [...items('reduce', 1), started('reduce#1.1', T0, { node: 'n1', cores: [0] })]

function decide(writtenBytes: number | undefined, tasks = [definition]) {
  const state = run({ nodes: [n1], tasks, events })
  const sample = {
    attempt: 'reduce#1.1',
    cpuSeconds: 1,
    memoryBytes: 1,
    ...(writtenBytes === undefined ? {} : { writtenBytes }),
  }
  return schedule(state, snapshot(look(n1, { attempts: [sample] })), T0 + 100)
}

it('ends an attempt that has written more than it may, and names the limit', () => {
  expect(decide(2 * 1024 ** 2)).toEqual([
    {
      type: 'terminate',
      attempt: 'reduce#1.1',
      outcome: 'failed',
      reason: 'over its disk limit of 1M: it wrote 2M',
    },
  ])
})

it('leaves the others', () => {
  expect(decide(1024 ** 2)).toEqual([])
  expect(decide(undefined)).toEqual([])
  expect(decide(1024 ** 3, [task()])).toEqual([])
})

it('ends it once, whatever other limit it is over', () => {
  const both = { ...definition, memoryBytes: 1024 ** 2, timeSeconds: 0.01 }
  const state = run({ nodes: [n1], tasks: [both], events })
  const sample = { attempt: 'reduce#1.1', cpuSeconds: 1, memoryBytes: 1024 ** 3, writtenBytes: 1024 ** 3 }
  const actions = schedule(state, snapshot(look(n1, { attempts: [sample] })), T0 + 100)
  expect(actions).toMatchObject([{ type: 'terminate', reason: expect.stringContaining('memory limit') }])
})

it('no item follows one with a limit, or is one that follows: what each has written could not be told apart', () => {
  const history = [
    ...items('reduce', 6),
    started('reduce#1.1', T0, { node: 'n1', cores: [0, 1] }),
    ended('reduce#1.1', T0 + 10),
    started('reduce#2.1', T0 + 10, { node: 'n1', cores: [0, 1] }),
  ]
  const wide = { cpus: 2 }
  const follows = (limited: boolean) => {
    const state = run({
      nodes: [n1],
      tasks: [task(limited ? { ...wide, diskLimitBytes: 1024 ** 3 } : wide)],
      events: history,
    })
    const running = state.tasks.get('reduce')
    if (running) running.typicalSeconds = 0.01
    return schedule(state, snapshot(look(n1)), T0 + 100).filter(({ type }) => type === 'follow').length
  }
  expect(follows(false)).toBe(1)
  expect(follows(true)).toBe(0)
})
