import { expect, test } from 'vitest'
import type { RunState } from '../../src/core/state.ts'
import { facts, task } from './fixtures.ts'
import { World } from './world.ts'

test('nothing in the state grows with what has ended, but the files that were seen', () => {
  const nodes = [facts({ name: 'n0', count: 4 }), facts({ name: 'n1', count: 4, yieldMode: 'suspend' })]
  const tasks = [task({ name: 'a' }), task({ name: 'b', cpus: 2, timeSeconds: 20 })]
  const world = new World(nodes, tasks, { retryDelaySeconds: 5 })
  const turns = (count: number) => {
    for (let turn = 0; turn < count; turn += 1) {
      for (const { name } of tasks) {
        if ((world.state.tasks.get(name)?.pendingCount ?? 0) < 10) world.queue(name)
      }
      for (const node of nodes) {
        for (const core of node.cores) {
          const isTaken = Math.floor(turn / 9) % 5 === core
          world.judged.set(`${node.name}/${core}`, isTaken ? 'busy' : 'idle')
        }
      }
      world.turn(() => 1 + (turn % 25))
      world.pass(1, () => turn % 40 === 0)
      world.journal.length = 0
    }
    return entriesOf(world.state)
  }
  const young = turns(1000)
  const endedThen = endedOf(world.state)
  const old = turns(4000)
  expect(endedOf(world.state)).toBeGreaterThan(3 * endedThen)
  expect(old).toBeLessThan(1.2 * young)
})

function endedOf({ tasks }: RunState): number {
  return [...tasks.values()].reduce((sum, { ended }) => sum + ended.completed + ended.failed, 0)
}

/** How many values the state holds, in whatever depth. */
function entriesOf({ tasks, ...rest }: RunState): number {
  return count(rest) + [...tasks.values()].reduce((sum, { seen, ...others }) => sum + count(others), 0)
}

function count(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 1
  const isCollection = value instanceof Map || value instanceof Set
  const parts = isCollection ? [...value.entries()].flat() : Object.values(value)
  return parts.reduce((sum: number, part) => sum + count(part), 1)
}
