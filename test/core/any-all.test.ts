import { describe, expect, it } from 'vitest'
import { neverFits } from '../../src/core/fit.ts'
import type { MpiNeeds, TaskDefinition } from '../../src/core/model.ts'
import { ranksIn } from '../../src/core/placement.ts'
import { checkAnswer } from '../../src/core/policies/answer.ts'
import { questionOf } from '../../src/core/schedule/ask.ts'
import { planProposed } from '../../src/core/schedule/proposed.ts'
import { roomsOf } from '../../src/core/schedule/room.ts'
import { schedule } from '../../src/core/schedule.ts'
import { facts, items, look, run, SETTINGS, snapshot, T0, task } from './fixtures.ts'

const n1 = facts({ name: 'n1', count: 4 })
const n2 = facts({ name: 'n2', count: 2 })

type Judged = Parameters<typeof look>[1]

/** Where the first items go: `node: cores` of each part. */
function placed(definition: TaskDefinition, count = 1, first: Judged = {}, second: Judged = {}) {
  const state = run({ nodes: [n1, n2], tasks: [definition], events: items(definition.name, count) })
  return schedule(state, snapshot(look(n1, first), look(n2, second)), T0 + 100).flatMap(action =>
    action.type === 'start'
      ? [[action.placement, ...(action.placement.others ?? [])].map(({ node, cores }) => `${node}: ${cores}`)]
      : [],
  )
}

const ranked = (cpus: TaskDefinition['cpus'], mpi: Partial<MpiNeeds>) =>
  task({ cpus, mpi: { nodes: 1, ranks: 0, cpusPerRank: 1, launch: null, ...mpi } })

describe('cpus', () => {
  it('any takes what is idle on a node, the tightest first', () => {
    expect(placed(task({ cpus: 'any' }), 3)).toEqual([['n2: 0,1'], ['n1: 0,1,2,3']])
    expect(placed(task({ cpus: 'any' }), 1, {}, { judged: { 0: 'busy', 1: 'busy' } })).toEqual([
      ['n1: 0,1,2,3'],
    ])
    expect(
      placed(
        task({ cpus: 'any' }),
        2,
        { judged: { 0: 'busy', 2: 'busy' } },
        { judged: { 0: 'busy', 1: 'busy' } },
      ),
    ).toEqual([['n1: 1,3']])
  })

  it('any takes one core where all are shared with the application', () => {
    const judged = { 0: 'shared', 1: 'shared', 2: 'busy', 3: 'busy' } as const
    expect(placed(task({ cpus: 'any' }), 1, { judged }, { judged: { 0: 'busy', 1: 'busy' } })).toEqual([
      ['n1: 0'],
    ])
  })

  it('any keeps to maxCpus', () => {
    const definition = task({ cpus: 'any' })
    const state = run({
      nodes: [n1],
      tasks: [definition],
      settings: { maxCpus: 3 },
      events: items('reduce', 2),
    })
    const starts = schedule(state, snapshot(look(n1)), T0 + 100)
    expect(starts).toMatchObject([{ placement: { cores: [0, 1, 2] } }])
    expect(starts).toHaveLength(1)
  })

  it('all waits for every core of a node', () => {
    expect(placed(task({ cpus: 'all' }), 1, { judged: { 3: 'busy' } }, { judged: { 0: 'busy' } })).toEqual([])
    expect(placed(task({ cpus: 'all' }), 1, { judged: { 3: 'busy' } })).toEqual([['n2: 0,1']])
  })
})

describe('nodes and ranks', () => {
  it('any takes the nodes that have room, all waits for every one', () => {
    const busy = { judged: { 0: 'busy', 1: 'busy' } } as const
    expect(placed(ranked(2, { nodes: 'any' }))).toEqual([['n2: 0,1', 'n1: 0,1']])
    expect(placed(ranked(2, { nodes: 'any' }), 1, {}, busy)).toEqual([['n1: 0,1']])
    expect(placed(ranked(2, { nodes: 'all' }))).toEqual([['n2: 0,1', 'n1: 0,1']])
    expect(placed(ranked(2, { nodes: 'all' }), 1, {}, busy)).toEqual([])
    expect(placed(ranked('all', { nodes: 'all' }))).toEqual([['n2: 0,1', 'n1: 0,1,2,3']])
    expect(placed(ranked('all', { nodes: 1 }), 1, {}, busy)).toEqual([['n1: 0,1,2,3']])
  })

  it('ranks follow from the cores where nothing else says how many', () => {
    const placement = { node: 'n1', cores: [0, 1, 2, 3, 4], others: [{ node: 'n2', cores: [0, 1, 2] }] }
    const needs = { nodes: 'all', ranks: 0, cpusPerRank: 2, launch: null } as const
    expect(ranksIn(placement, needs)).toBe(3)
    expect(ranksIn(placement, { ...needs, ranks: 7 })).toBe(7)
  })

  it('what can never run is told', () => {
    const reason = (definition: TaskDefinition) => neverFits(definition, [n1, n2], SETTINGS)
    expect(reason(ranked(3, { nodes: 'all' }))).toBe(
      'needs all nodes (2) with 3 cpus each, but 1 can have them',
    )
    expect(reason(ranked(3, { nodes: 'any' }))).toBe(null)
    expect(reason(ranked('all', { nodes: 'all', cpusPerRank: 3 }))).toMatch(
      /all nodes \(2\) with 3 cpus each, but 1/,
    )
    expect(reason(ranked('all', { nodes: 'all' }))).toBe(null)
    expect(reason(task({ cpus: 'any' }))).toBe(null)
  })
})

describe('a policy of the user’s own', () => {
  const definition = task({ cpus: 'any' })
  const state = run({ nodes: [n1], tasks: [definition], events: items('reduce', 2) })
  const question = questionOf(state, snapshot(look(n1)), T0 + 100)

  it('may give an item that takes any number of cores as many as are free, one at least', () => {
    expect(question?.items).toMatchObject([{ cpus: 'any' }, { cpus: 'any' }])
    const answer = (cores: number[]) =>
      question && checkAnswer(question, [{ item: 'reduce#1', node: 'n1', cores }])
    expect(answer([1, 2])).toHaveProperty('placements')
    expect(answer([])).toHaveProperty('violation')
    expect(answer([1, 1])).toHaveProperty('violation')
    expect(answer([1, 2, 3, 4])).toHaveProperty('violation')
  })

  it('is followed', () => {
    const proposed = [
      { item: 'reduce#1', node: 'n1', cores: [1, 2] },
      { item: 'reduce#2', node: 'n1' },
    ]
    const openRooms = () => roomsOf(state, snapshot(look(n1)))
    const { starts } = planProposed({
      state,
      snapshot: snapshot(look(n1)),
      now: T0 + 100,
      proposed,
      openRooms,
    })
    expect(starts.map(({ placement }) => placement.cores)).toEqual([
      [1, 2],
      [0, 3],
    ])
  })
})
