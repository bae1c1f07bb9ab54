import { expect, test } from 'vitest'
import { explain } from '../../src/core/explain.ts'
import { nextLookMilliseconds, SLOW_MILLISECONDS, STEADY_MILLISECONDS } from '../../src/core/pace.ts'
import { activeSeconds, isPaused, pausedSeconds, replay } from '../../src/core/state.ts'
import { facts, task } from './fixtures.ts'
import { World } from './world.ts'

const two = facts({ count: 2 })
const forEver = () => 1e9

function paused(definition = task({ timeSeconds: 60 })): World {
  const world = new World([two], [definition])
  for (let item = 1; item <= 4; item += 1) world.queue('reduce')
  world.turn(forEver)
  world.record({ type: 'harvest-paused', at: world.now })
  return world
}

test('a pause suspends what runs, and starts nothing, however long it lasts', () => {
  const world = paused()
  const actions = world.turn(forEver)
  expect(actions.map(({ type }) => type)).toEqual(['suspend', 'suspend'])
  expect(actions[0]).toMatchObject({ reason: 'harvesting is paused' })
  for (let hour = 0; hour < 3; hour += 1) {
    world.now += 3_600_000
    expect(world.turn(forEver)).toEqual([])
  }
  const attempt = [...world.state.running.values()][0]
  expect(attempt && activeSeconds(attempt, world.now)).toBe(0)
  expect(pausedSeconds(world.state, world.now)).toBe(3 * 3600)
})

test('then what was suspended goes on, and the queue too', () => {
  const world = paused()
  world.turn(forEver)
  world.now += 60_000
  world.record({ type: 'harvest-resumed', at: world.now })
  expect(world.turn(forEver).map(({ type }) => type)).toEqual(['resume', 'resume'])
  expect(isPaused(world.state)).toBe(false)
  expect(world.state.pause).toEqual({ seconds: 60, since: null, times: 1 })
})

test('explain says so, and looks are rare meanwhile', () => {
  const world = paused()
  expect(explain(world.state, world.look(), world.now, 'reduce')).toEqual([
    expect.stringMatching(
      /^harvesting is paused since \d\d:\d\d:\d\d UTC; odop resume r lets tasks run again$/,
    ),
  ])
  const state = replay(world.journal.filter(event => event.type !== 'attempt-started'))
  expect(nextLookMilliseconds(state, world.look(), world.now + 60_000)).toBe(SLOW_MILLISECONDS)
  expect(STEADY_MILLISECONDS).toBeLessThan(SLOW_MILLISECONDS)
})

test('what never fits is told of first: a resume would not help it', () => {
  const world = paused(task({ cpus: 99 }))
  expect(explain(world.state, world.look(), world.now, 'reduce')[0]).toMatch(/^can never run here/)
})

test('ranks are requeued, once', () => {
  const mpi = { nodes: 1, ranks: 1, cpusPerRank: 1, launch: null }
  const world = paused(task({ mpi }))
  const actions = world.turn(forEver)
  expect(actions).toContainEqual(expect.objectContaining({ type: 'terminate', outcome: 'requeued' }))
  expect(world.turn(forEver)).toEqual([])
})

test('a pause in a pause is one, and a new launch has none', () => {
  const world = paused()
  world.record({ type: 'harvest-paused', at: world.now + 5000 })
  expect(world.state.pause).toMatchObject({ since: world.now, times: 1 })
  const [launch] = world.journal
  if (launch) world.record(launch)
  expect(isPaused(world.state)).toBe(false)
  world.record({ type: 'harvest-resumed', at: world.now })
  expect(world.state.pause).toEqual({ seconds: 0, since: null, times: 0 })
})
