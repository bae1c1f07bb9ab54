import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Action } from '../../src/core/actions.ts'
import type { OdopEvent } from '../../src/core/events.ts'
import { coresNeeded, gpusNeeded, neverFits } from '../../src/core/fit.ts'
import { returnFollowers } from '../../src/core/followers.ts'
import type { CoreState, Placement, TaskDefinition } from '../../src/core/model.ts'
import { coresOn, partsOf } from '../../src/core/placement.ts'
import type { PolicyPlacement } from '../../src/core/policies/question.ts'
import { dueItems } from '../../src/core/queue.ts'
import { schedule } from '../../src/core/schedule.ts'
import { activeSeconds, apply, itemsLeft, type RunState, replay } from '../../src/core/state.ts'
import { defined, facts, GB, launched, T0, task } from './fixtures.ts'
import { someNodes, somePolicy, someTasks, World } from './world.ts'

type Start = Extract<Action, { type: 'start' }>
type Draw = (most: number) => number

/** A stream of numbers that fast-check can repeat: a linear congruential generator from its seed. */
function drawing(seed: number): Draw {
  let state = seed >>> 0
  return most => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * most)
  }
}

/** Some turns in which anything may happen: arrivals, an application that comes and goes, failures, greedy attempts. */
function anything(world: World, draw: Draw, turns: number, check: (actions: Action[]) => void): void {
  const names = [...world.state.tasks.keys()]
  const kinds: CoreState['judged'][] = ['idle', 'idle', 'shared', 'busy']
  for (let turn = 0; turn < turns; turn += 1) {
    for (let arrivals = draw(4); arrivals > 0; arrivals -= 1) world.queue(names[draw(names.length)] as string)
    const node = world.nodes[draw(world.nodes.length)]
    if (node !== undefined)
      world.judged.set(`${node.name}/${draw(node.cores.length)}`, kinds[draw(4)] ?? 'idle')
    if (node !== undefined && draw(3) === 0)
      world.judged.set(`${node.name}/gpu${draw(3)}`, kinds[draw(4)] ?? 'idle')
    world.remainingSeconds = draw(5) === 0 ? draw(100) : null
    if (world.proposed !== null) world.proposed = anyPlacements(world, draw)
    const before = structuredClone(world.state)
    const look = deepFreeze(world.look())
    const actions = schedule(world.state, look, world.now)
    if (turn % 5 === 0) expect(world.state).toEqual(before)
    expect(
      world.turn(
        () => draw(90),
        () => draw(3) * GB,
      ),
    ).toEqual(actions)
    check(actions)
    world.pass(draw(30), () => draw(4) === 0)
  }
}

/** What a policy of a user may say, right or wrong: also of items and nodes that there are not, and cores that are taken. */
function anyPlacements(world: World, draw: Draw): PolicyPlacement[] {
  const items = [...world.state.items.keys(), 'nobody#1']
  const nodes = [...world.nodes.map(({ name }) => name), 'nowhere']
  return Array.from({ length: draw(12) }, () => {
    const item = items[draw(items.length)] as string
    const node = nodes[draw(nodes.length)] as string
    const cores = Array.from({ length: draw(4) }, () => draw(9) - 1)
    return [{ item }, { item, node }, { item, node, cores }][draw(3)] as PolicyPlacement
  })
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) Object.values(Object.freeze(value)).forEach(deepFreeze)
  return value
}

const seed = fc.integer({ min: 0, max: 2 ** 31 })
const mostCpus = fc.option(fc.integer({ min: 1, max: 4 }))

describe('whatever happens', () => {
  test('no core is given twice, no limit is exceeded, no two actions contradict each other', () =>
    fc.assert(
      fc.property(someNodes, someTasks, mostCpus, somePolicy, seed, (nodes, tasks, maxCpus, policy, from) => {
        const world = new World(nodes, tasks, { maxCpus, policy })
        anything(world, drawing(from), 25, actions => {
          noContradiction(actions)
          coresHeldOnce(world)
          gpusHeldOnce(world)
          limitsHold(world, maxCpus)
        })
      }),
      { numRuns: 100 },
    ))

  test('nor when a policy of the user says anything at all', () =>
    fc.assert(
      fc.property(someNodes, someTasks, mostCpus, seed, (nodes, tasks, maxCpus, from) => {
        const world = new World(nodes, tasks, { maxCpus, policy: '/my-policy.mjs' })
        world.proposed = []
        anything(world, drawing(from), 25, actions => {
          noContradiction(actions)
          coresHeldOnce(world)
          limitsHold(world, maxCpus)
          startsFit(world)
        })
      }),
      { numRuns: 100 },
    ))

  test('what starts is within what is there at that moment', () =>
    fc.assert(
      fc.property(someNodes, someTasks, mostCpus, somePolicy, seed, (nodes, tasks, maxCpus, policy, from) => {
        const draw = drawing(from)
        const world = new World(nodes, tasks, { maxCpus, policy })
        for (let turn = 0; turn < 10; turn += 1) {
          anything(world, draw, 2, () => {})
          startsFit(world)
        }
      }),
      { numRuns: 100 },
    ))

  test('the same journal gives the same state, in one go or in two', () =>
    fc.assert(
      fc.property(
        someNodes,
        someTasks,
        seed,
        fc.double({ min: 0, max: 1, noNaN: true }),
        (nodes, tasks, from, part) => {
          const world = new World(nodes, tasks)
          const draw = drawing(from)
          anything(world, draw, 10, () => {})
          world.record(launched(world.now))
          for (const definition of tasks.slice(1)) world.record(defined(definition, world.now))
          for (const node of nodes) world.record({ type: 'node-joined', at: world.now, facts: node })
          anything(world, draw, 10, () => {})

          const journal: OdopEvent[] = JSON.parse(JSON.stringify(world.journal))
          const whole = replay(deepFreeze(journal))
          expect(replay(journal)).toEqual(whole)
          const inTwo = replay(journal.slice(0, Math.floor(part * journal.length)))
          for (const event of journal.slice(Math.floor(part * journal.length))) apply(inTwo, event)
          expect(inTwo).toEqual(whole)
          world.state.terminating.clear()
          for (const lead of [...world.state.following.keys()]) returnFollowers(world.state, lead)
          expect(withoutHeaps(whole)).toEqual(withoutHeaps(world.state))
        },
      ),
      { numRuns: 60 },
    ))

  test('no item is lost: each is pending, running or has ended', () =>
    fc.assert(
      fc.property(someNodes, someTasks, seed, (nodes, tasks, from) => {
        const world = new World(nodes, tasks)
        anything(world, drawing(from), 20, () => {
          for (const each of world.state.tasks.values()) {
            const { completed, failed, timeout, cancelled } = each.ended
            expect(itemsLeft(each) + completed + failed + timeout + cancelled).toBe(each.queued)
          }
          const following = [...world.state.following.values()].flatMap(({ items }) => items)
          expect(world.state.items.size).toBe(
            world.state.pendingCount + world.state.running.size + following.length,
          )
          for (const { lead } of world.state.following.values()) {
            expect(world.state.running.has(lead)).toBe(true)
          }
        })
      }),
      { numRuns: 60 },
    ))
})

describe('nothing starves', () => {
  test('every item that fits is worked off when no more arrive', () =>
    fc.assert(
      fc.property(someNodes, someTasks, mostCpus, somePolicy, seed, (nodes, tasks, maxCpus, policy, from) => {
        const world = new World(nodes, tasks, { maxCpus, policy })
        const draw = drawing(from)
        anything(world, draw, 10, () => {})
        world.judged.clear()
        world.remainingSeconds = null
        for (let turn = 0; turn < 3000 && canGoOn(world); turn += 1) {
          world.turn(() => 1 + draw(50))
          world.pass(10)
        }
        expect(canGoOn(world)).toBe(false)
      }),
      { numRuns: 60 },
    ))

  test('a large item of low priority is started although small urgent ones never cease to arrive', () =>
    fc.assert(
      fc.property(
        fc.record({
          seed,
          count: fc.constantFrom(2, 4, 8),
          priority: fc.constantFrom(0, 3, 1_000_000),
          limited: fc.constantFrom<'all' | 'some' | 'none'>('all', 'some', 'none'),
          nodes: fc.constantFrom(1, 3),
          memory: fc.boolean(),
          ioBound: fc.boolean(),
          policy: somePolicy,
        }),
        ({ seed: from, count, priority, limited, nodes, memory, ioBound, policy }) => {
          const draw = drawing(from)
          const limit = (n: number) => (limited === 'all' || (limited === 'some' && n === 0) ? 60 : null)
          const small = [0, 1].map(n =>
            task({
              name: `small${n}`,
              priority,
              timeSeconds: limit(n),
              memoryBytes: GB,
              ioBound: ioBound && n === 0,
            }),
          )
          const needs = memory ? { memoryBytes: count * GB } : { cpus: count }
          const big = task({ name: 'big', ioBound, ...needs })
          const cluster = Array.from({ length: nodes }, (_, index) =>
            facts({ name: `n${index}`, count, memoryLimitBytes: count * GB }),
          )
          const world = new World(cluster, [...small, big], { policy })
          world.queue('big')
          while (world.state.tasks.get('big')?.attempts === 0 && world.now < T0 + 3_600_000) {
            for (const { name } of small) while (pendingOf(world, name) < 2 * count * nodes) world.queue(name)
            world.turn(
              () => 1 + draw(60),
              () => GB,
            )
            world.pass(1 + draw(3))
          }
          // It rises for at most a quarter of an hour; then it has to wait for what runs: for the end of an ioBound
          // attempt, for which no core can be kept free, and then for cores.
          expect((world.now - T0) / 1000).toBeLessThan(15 * 60 + 3 * 60 + 10)
        },
      ),
      { numRuns: 40 },
    ))
})

/** A heap also holds what has left the queue: what it gives counts. */
function withoutHeaps(state: RunState) {
  const tasks = [...state.tasks.values()].map(each => ({
    ...each,
    queue: [...dueItems(state, each, Number.POSITIVE_INFINITY)].map(({ id }) => id),
  }))
  return { ...state, tasks }
}

function pendingOf(world: World, name: string): number {
  return world.state.tasks.get(name)?.pendingCount ?? 0
}

function noContradiction(actions: readonly Action[]): void {
  const attempts = actions.flatMap(action =>
    action.type === 'follow' ? action.items.map(({ attempt }) => attempt) : [action.attempt],
  )
  expect(new Set(attempts).size).toBe(attempts.length)
  const items = actions.flatMap(action => {
    if (action.type === 'follow') return action.items.map(({ item }) => item)
    return action.type === 'start' ? [action.item] : []
  })
  expect(new Set(items).size).toBe(items.length)
}

function coresHeldOnce(world: World): void {
  const held = [...world.state.running.values()].flatMap(({ placement }) =>
    partsOf(placement).flatMap(({ node, cores }) => cores.map(core => `${node}/${core}`)),
  )
  expect(new Set(held).size).toBe(held.length)
}

function limitsHold(world: World, maxCpus: number | null): void {
  const { running, tasks } = world.state
  for (const node of world.nodes) {
    const attempts = [...running.values()].filter(({ placement }) => coresOn(placement, node.name).length > 0)
    const cores = attempts.flatMap(({ placement }) => coresOn(placement, node.name))
    expect(cores.length).toBeLessThanOrEqual(maxCpus ?? node.usableCores.length)
    expect(cores.every(core => node.usableCores.includes(core))).toBe(true)
    expect(attempts.filter(({ definition }) => definition?.ioBound).length).toBeLessThanOrEqual(1)
    expect(attempts.filter(({ definition }) => definition?.networkBound).length).toBeLessThanOrEqual(1)
    for (const { placement, definition } of attempts) {
      const needed = coresNeeded(definition?.cpus ?? 0, node.usableCores.length, maxCpus)
      const { length } = coresOn(placement, node.name)
      if (definition?.mpi && definition.mpi.nodes === null) expect(length % needed).toBe(0)
      else expect(length).toBe(needed)
    }
  }
  for (const { placement, definition } of running.values()) allOrNothing(placement, definition)
  for (const { definition, running: attempts } of tasks.values()) {
    expect(attempts.size).toBeLessThanOrEqual(definition?.replicas ?? Number.POSITIVE_INFINITY)
  }
  for (const attempt of running.values()) {
    const number = Number(attempt.item.split('#')[1])
    expect(number).toBeLessThanOrEqual(attempt.definition?.maxRuns ?? Number.POSITIVE_INFINITY)
    const overTime =
      activeSeconds(attempt, world.now) > (attempt.definition?.timeSeconds ?? Number.POSITIVE_INFINITY)
    if (overTime) expect(world.state.terminating.has(attempt.attempt)).toBe(true)
  }
}

function allOrNothing(placement: Placement, definition: TaskDefinition | null): void {
  const parts = partsOf(placement)
  const { nodes = 1, ranks = 1, cpusPerRank = 1 } = definition?.mpi ?? {}
  expect(new Set(parts.map(({ node }) => node)).size).toBe(parts.length)
  if (nodes !== null) expect(parts.length).toBe(nodes)
  if (!definition?.mpi) return
  expect(parts.reduce((sum, { cores }) => sum + cores.length, 0)).toBe(ranks * cpusPerRank)
}

/** Against the state before: only idle or shared cores, memory for all limits together, time left, retries due. */
function startsFit(world: World): void {
  const look = world.look()
  const starts = schedule(world.state, look, world.now).filter(
    (action): action is Start => action.type === 'start',
  )
  for (const node of look.nodes) {
    const here = starts.filter(({ placement }) => coresOn(placement, node.node).length > 0)
    const mode = world.state.nodes.get(node.node)?.yieldMode
    for (const core of here.flatMap(({ placement }) => coresOn(placement, node.node))) {
      expect(mode === 'kernel' ? ['idle', 'shared'] : ['idle']).toContain(node.cores[core]?.judged)
      expect(world.state.loads.get(node.node)?.cores.has(core) ?? false).toBe(false)
    }
    const wanted = here
      .map(({ item }) => definitionOf(world, item)?.memoryBytes ?? 0)
      .reduce((a, b) => a + b, 0)
    let room = node.availableMemoryBytes
    for (const { attempt, memoryBytes } of node.attempts) {
      const limit = world.state.running.get(attempt)?.definition?.memoryBytes ?? 0
      room -= Math.max(0, limit - memoryBytes)
    }
    if (wanted > 0) expect(wanted).toBeLessThanOrEqual(room)
  }
  for (const { item, placement } of starts) {
    const gpus = look.nodes.find(({ node }) => node === placement.node)?.gpus ?? []
    expect(placement.gpus?.length ?? 0).toBe(gpusNeeded(definitionOf(world, item)?.gpus, gpus.length))
    for (const index of placement.gpus ?? []) expect(gpus).toContainEqual({ index, judged: 'idle' })
    const state = world.state.items.get(item)
    expect(state?.runningAs).toBeNull()
    expect(state?.failures === 0 || (state?.readyAt ?? 0) <= world.now).toBe(true)
    if (look.remainingSeconds !== null) {
      expect(definitionOf(world, item)?.timeSeconds ?? 0).toBeLessThanOrEqual(look.remainingSeconds)
    }
  }
}

function gpusHeldOnce({ state }: World): void {
  const held = [...state.running.values()].flatMap(
    ({ placement }) => placement.gpus?.map(index => `${placement.node}/${index}`) ?? [],
  )
  expect(new Set(held).size).toBe(held.length)
}

function definitionOf(world: World, item: string) {
  return world.state.tasks.get(world.state.items.get(item)?.task ?? '')?.definition
}

/** Something runs, or is pending that can run here. */
function canGoOn({ state }: World): boolean {
  if (state.running.size > 0) return true
  const nodes = [...state.nodes.values()]
  return [...state.items.values()].some(item => {
    const definition = state.tasks.get(item.task)?.definition ?? null
    if (definition === null || neverFits(definition, nodes, state.settings) !== null) return false
    return definition.maxRuns === null || item.number <= definition.maxRuns
  })
}
