import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { OdopEvent } from '../../src/core/events.ts'
import type { TaskDefinition } from '../../src/core/model.ts'
import { checkAnswer } from '../../src/core/policies/answer.ts'
import type { PolicyPlacement, PolicyQuestion } from '../../src/core/policies/question.ts'
import { questionOf } from '../../src/core/schedule/ask.ts'
import { schedule } from '../../src/core/schedule.ts'
import type { RunState } from '../../src/core/state.ts'
import { facts, GB, items, look, queued, run, snapshot, someGpus, started, T0, task } from './fixtures.ts'

const two = facts({ name: 'n1', count: 2 })
const four = facts({ name: 'n2', count: 4 })

function questionFor(state: RunState): PolicyQuestion {
  const question = questionOf(state, snapshot(look(two), look(four)), T0 + 1000)
  if (question === null) throw new Error('nothing is asked')
  return question
}

function cluster(tasks: readonly TaskDefinition[], events: Parameters<typeof run>[0] = {}): RunState {
  return run({ nodes: [two, four], tasks, ...events })
}

describe('the question', () => {
  test('tells items, nodes and tasks as they are', () => {
    const definition = task({ name: 'a', cpus: 2, memoryBytes: GB, timeSeconds: 60, priority: 3 })
    const events = [
      queued('a', 1, T0, { file: '/data/1' }),
      queued('a', 2, T0 + 1),
      started('a#1.1', T0 + 2, { node: 'n1', cores: [0, 1] }),
    ]
    expect(questionFor(cluster([definition, task({ name: 'idle' })], { events }))).toEqual({
      items: [
        {
          id: 'a#2',
          task: 'a',
          priority: 3,
          cpus: 2,
          ranks: null,
          memoryBytes: GB,
          timeSeconds: 60,
          ioBound: false,
          networkBound: false,
          queuedAt: T0 + 1,
          attempts: 0,
          failures: 0,
          files: [],
          node: null,
        },
      ],
      nodes: [{ name: 'n2', freeCores: [0, 1, 2, 3], mostCores: 4, cores: 4, memoryBytes: 16 * GB }],
      tasks: [{ name: 'a', pending: 1, running: 1, lastStartedAt: T0 + 2 }],
      now: T0 + 1000,
    })
  })

  test('tells of GPUs where there are some, and a right answer gets them', () => {
    const node = facts({ count: 2, gpus: someGpus(2) })
    const state = cluster([task({ gpus: 1 })], { nodes: [node], events: items('reduce', 3) })
    const gpus = [0, 1].map(index => ({ index, judged: index === 1 ? ('idle' as const) : ('busy' as const) }))
    const now = snapshot({ ...look(node), gpus })
    const question = questionOf(state, now, T0)
    expect([question?.items[0]?.gpus, question?.nodes[0]?.idleGpus]).toEqual([1, 1])
    const proposed = [
      { item: 'reduce#2', node: 'n1', cores: [1] },
      { item: 'reduce#1', node: 'n1' },
    ]
    expect(schedule(state, { ...now, proposed }, T0)).toEqual([
      expect.objectContaining({ item: 'reduce#2', placement: { node: 'n1', cores: [1], gpus: [1] } }),
    ])
  })

  test('is not asked while nothing could start, or no core is free', () => {
    expect(questionOf(cluster([task()]), snapshot(look(two)), T0)).toBe(null)
    const busy = look(two, { judged: { 0: 'busy', 1: 'busy' } })
    expect(questionOf(cluster([task()], { events: items('reduce', 1) }), snapshot(busy), T0)).toBe(null)
  })

  test('is bounded, and a long queue hides no other task', () => {
    const tasks = [task({ name: 'long' }), task({ name: 'short' })]
    const events = [...items('long', 5000), queued('short', 1, T0 + 9)]
    const { items: asked } = questionFor(cluster(tasks, { events }))
    expect(asked).toHaveLength(1000)
    expect(asked.slice(0, 2).map(({ id }) => id)).toEqual(['long#1', 'long#2'])
    expect(asked.at(-1)?.id).toBe('short#1')
  })
})

describe('the answer is held against the question', () => {
  const question = questionFor(
    cluster(
      [
        task({ name: 'one' }),
        task({ name: 'pair', cpus: 2 }),
        task({ name: 'fat', memoryBytes: 9 * GB }),
        task({ name: 'ranks', mpi: { nodes: null, ranks: 2, cpusPerRank: 1, launch: null } }),
      ],
      {
        settings: { maxCpus: 3 },
        events: [
          ...items('one', 5),
          ...items('pair', 1),
          ...items('fat', 2),
          ...items('ranks', 1),
          queued('one', 6, T0, { node: 'n2' }),
        ],
      },
    ),
  )
  const item = 'one#1'
  const violations: readonly [unknown, RegExp][] = [
    [undefined, /returned undefined instead of an array of placements/],
    [Promise.resolve([]), /returned a promise instead of/],
    [{}, /returned an object instead of/],
    [[null], /returned null among the placements/],
    [[{}], /without the id of its `item`/],
    [[{ item: 'one#99' }], /placed one#99, which is not among the items/],
    [[{ item }, { item }], /placed one#1 twice/],
    [[{ item, node: 'n9' }], /on n9, which is not a node with free cores/],
    [[{ item: 'one#6', node: 'n1' }], /placed one#6 on n1, but it can only start on n2/],
    [[{ item: 'ranks#1', node: 'n1' }], /chose the node of ranks#1, which has ranks/],
    [[{ item, cores: [0] }], /gave cores to one#1 without saying of which node/],
    [[{ item, node: 'n1', cores: ['0'] }], /something else than core numbers/],
    [[{ item, node: 'n1', cores: [0, 1] }], /gave 2 cores to one#1, which needs 1/],
    [[{ item, node: 'n1', cores: [7] }], /gave core 7 of n1 to one#1, which is not free/],
    [[{ item: 'pair#1', node: 'n1', cores: [1, 1] }], /gave core 1 of n1 away twice, to pair#1 and pair#1/],
    [
      [
        { item, node: 'n1', cores: [1] },
        { item: 'one#2', node: 'n1', cores: [1] },
      ],
      /gave core 1 of n1 away twice, to one#1 and one#2/,
    ],
    [
      ['one#1', 'one#2', 'one#3', 'one#4'].map(id => ({ item: id, node: 'n2' })),
      /gave away 4 cores of n2, where 3 can be taken/,
    ],
    [
      ['fat#1', 'fat#2'].map(id => ({ item: id, node: 'n2' })),
      /gave away 18G of memory of n2, where 16G can be taken/,
    ],
  ]
  test.each(violations)('%#: %j', (answer, violation) => {
    const checked = checkAnswer(question, answer)
    expect('violation' in checked ? checked.violation : 'none').toMatch(violation)
  })

  test('what is right passes, as data and without what does not belong to it', () => {
    const answer = [
      { item: 'pair#1', node: 'n2', cores: [2, 3] },
      { item, node: 'n2', colour: 'red' },
      { item: 'ranks#1', node: undefined },
      { item: 'one#2' },
    ]
    expect(checkAnswer(question, answer)).toEqual({
      placements: [
        { item: 'pair#1', node: 'n2', cores: [2, 3] },
        { item, node: 'n2' },
        { item: 'ranks#1' },
        { item: 'one#2' },
      ],
    })
  })
})

describe('the decision', () => {
  const tasks = [task({ name: 'a' }), task({ name: 'b', priority: 9 })]
  const starts = (state: RunState, proposed: readonly PolicyPlacement[]) =>
    schedule(state, { ...snapshot(look(two)), proposed }, T0 + 1000).flatMap(action =>
      action.type === 'start' ? [`${action.item} ${action.placement.node}:${action.placement.cores}`] : [],
    )
  const waiting = (...more: readonly OdopEvent[]) =>
    run({ nodes: [two], tasks, events: [...items('a', 3), ...items('b', 1), ...more] })

  test('is what the policy wants, in its order, whatever the priorities', () => {
    const wanted = [{ item: 'a#3' }, { item: 'a#1', node: 'n1', cores: [0] }]
    expect(starts(waiting(), wanted)).toEqual(['a#3 n1:0'])
    expect(starts(waiting(), wanted.toReversed())).toEqual(['a#1 n1:0', 'a#3 n1:1'])
    expect(starts(waiting(), [{ item: 'a#2', node: 'n1', cores: [1] }])).toEqual(['a#2 n1:1'])
    expect(starts(waiting(), [])).toEqual([])
  })

  test('what has changed since the question is passed over', () => {
    const state = waiting(started('a#1.1', T0, { node: 'n1', cores: [0] }))
    expect(
      starts(state, [{ item: 'a#1' }, { item: 'a#2', node: 'n1', cores: [0] }, { item: 'b#1' }]),
    ).toEqual(['b#1 n1:1'])
  })

  test('everything that a right answer places starts at once', () =>
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('one', 'pair', 'fat'), { maxLength: 12 }),
        fc.array(fc.nat(5), { minLength: 12, maxLength: 12 }),
        (queue, choices) => {
          const state = cluster(
            [
              task({ name: 'one' }),
              task({ name: 'pair', cpus: 2 }),
              task({ name: 'fat', memoryBytes: 7 * GB }),
            ],
            {
              events: queue.map((name, at) =>
                queued(name, queue.slice(0, at).filter(n => n === name).length + 1),
              ),
            },
          )
          const seen = snapshot(look(two), look(four))
          const question = questionOf(state, seen, T0)
          if (question === null) return
          const proposed = someRightAnswer(question, choices)
          expect(checkAnswer(question, proposed)).toEqual({ placements: proposed })
          const actions = schedule(state, { ...seen, proposed }, T0)
          expect(actions.map(action => action.type === 'start' && action.item)).toEqual(
            proposed.map(({ item }) => item),
          )
        },
      ),
    ))
})

/** Each item on a chosen node while it has room, with cores or without. */
function someRightAnswer(
  { items: asked, nodes }: PolicyQuestion,
  choices: readonly number[],
): PolicyPlacement[] {
  const left = nodes.map(node => ({ ...node, freeCores: [...node.freeCores] }))
  return asked.flatMap(({ id, cpus, memoryBytes }, at) => {
    const choice = choices[at] ?? 0
    const node = left[choice % left.length]
    if (node === undefined || typeof cpus !== 'number' || node.freeCores.length < cpus) return []
    if ((memoryBytes ?? 0) > node.memoryBytes) return []
    node.memoryBytes -= memoryBytes ?? 0
    // From the other end than odop would.
    const cores = node.freeCores.splice(-cpus).toReversed()
    return [{ item: id, node: node.name, cores }]
  })
}
