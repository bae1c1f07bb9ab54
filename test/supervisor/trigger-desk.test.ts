import { mkdtemp, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { FoundFiles, Watch } from '../../src/cluster/messages.ts'
import type { OdopEvent } from '../../src/core/events.ts'
import type { FileInTrigger, TaskDefinition } from '../../src/core/model.ts'
import { replay } from '../../src/core/state.ts'
import { createRecorder, type Recorder } from '../../src/supervisor/recorder.ts'
import { openTriggerDesk, type TriggerDesk } from '../../src/supervisor/trigger-desk.ts'
import { defined, facts, launched, T0, task } from '../core/fixtures.ts'

let folder = ''
const desks: TriggerDesk[] = []

beforeEach(async () => {
  folder = await realpath(await mkdtemp(path.join(tmpdir(), 'odop-desk-')))
})

afterEach(async () => {
  for (const desk of desks.splice(0)) await desk.close()
  await rm(folder, { recursive: true, force: true })
})

const fileIn = (parts: Partial<FileInTrigger> = {}): TaskDefinition =>
  task({
    trigger: {
      kind: 'file-in',
      folder: '.',
      filter: null,
      recursive: false,
      batchSize: 1,
      flush: 'end',
      settleSeconds: 0.1,
      on: 'each-node',
      ...parts,
    },
  })

const found = (...files: string[]): FoundFiles => ({ task: 'reduce', files, version: null })

/** A desk on n1 whose other nodes are the test. */
interface Desk {
  readonly desk: TriggerDesk
  readonly recorder: Recorder
  readonly watched: Watch[]
  readonly journal: OdopEvent[]
  items(): string[]
}

async function open(
  definition: TaskDefinition,
  {
    before = [] as readonly OdopEvent[],
    node = 'n1' as string | null,
    onFlush = (_: TriggerDesk) => {},
  } = {},
): Promise<Desk> {
  const journal: OdopEvent[] = []
  const state = replay(before)
  const recorder = createRecorder({
    journal: { append: event => journal.push(event) },
    state,
    now: () => T0,
    say: () => {},
  })
  const joined = { type: 'node-joined', at: T0, facts: facts() } as const
  for (const event of [launched(), joined, defined(definition)]) recorder.record(event)
  const watched: Watch[] = []
  const desk = openTriggerDesk({
    recorder,
    cwd: folder,
    node,
    agents: {
      watch: watch => watched.push(watch),
      flush: async () => onFlush(desk),
    },
    now: () => T0,
    onQueued: () => {},
  })
  desks.push(desk)
  await desk.open([definition])
  const items = () =>
    [...recorder.state.items.values()].map(({ node, files }) => `${node}: ${files.map(shown).join(' ')}`)
  return { desk, recorder, watched, journal, items }
}

const shown = (file: string) => (file.startsWith(folder) ? path.basename(file) : file)
const flush = (desk: TriggerDesk) => desk.flush({ incompleteBatches: true })

describe('a folder that is watched on each node', () => {
  test('is watched here and by every agent, and items are bound to where their files are', async () => {
    const { desk, watched, items } = await open(fileIn())
    expect(watched).toEqual([{ task: fileIn(), cwd: folder }])
    await writeFile(path.join(folder, 'here'), 'x')
    desk.found('n2', found('/s/a', '/s/b'))
    desk.found('n3', found('/s/a'))
    await flush(desk)
    expect(items().sort()).toEqual(['n1: here', 'n2: /s/a', 'n2: /s/b', 'n3: /s/a'])
  })

  test('what was found by the last look counts', async () => {
    const onFlush = (desk: TriggerDesk) => desk.found('n2', found('/s/last'))
    const { desk, items } = await open(fileIn({ batchSize: 4 }), { onFlush })
    await flush(desk)
    expect(items()).toEqual(['n2: /s/last'])
  })

  test('batches are of one node each', async () => {
    const { desk, items } = await open(fileIn({ batchSize: 2 }))
    desk.found('n2', found('/s/a'))
    desk.found('n3', found('/s/a', '/s/b', '/s/c'))
    expect(items()).toEqual(['n3: /s/a /s/b'])
    desk.found('n2', found('/s/b'))
    expect(items()).toEqual(['n3: /s/a /s/b', 'n2: /s/a /s/b'])
    await flush(desk)
    await flush(desk)
    expect(items()).toEqual(['n3: /s/a /s/b', 'n2: /s/a /s/b', 'n3: /s/c'])
  })

  test('incomplete batches are left where the trigger says so', async () => {
    const { desk, items } = await open(fileIn({ batchSize: 2, flush: 'never' }))
    desk.found('n2', found('/s/a'))
    await flush(desk)
    expect(items()).toEqual([])
  })

  test('after a resume nothing that has an item fires again on its node', async () => {
    const first = await open(fileIn())
    await writeFile(path.join(folder, 'here'), 'x')
    first.desk.found('n2', found('/s/a'))
    await flush(first.desk)
    const before = first.journal.map(event => JSON.parse(JSON.stringify(event)))
    const { desk, recorder } = await open(fileIn({ batchSize: 2 }), { before })
    desk.found('n2', found('/s/a', '/s/b', '/s/c'))
    desk.found('n3', found('/s/a', '/s/d'))
    await flush(desk)
    const queued = [...recorder.state.items.values()].slice(2)
    expect(queued.map(({ node, files }) => [node, ...files])).toEqual([
      ['n2', '/s/b', '/s/c'],
      ['n3', '/s/a', '/s/d'],
    ])
  })

  test('each version of a file that is updated, once on each node', async () => {
    const trigger = { kind: 'file-updated', path: 'x', filter: null, recursive: false } as const
    const { desk, recorder } = await open(
      task({ trigger: { ...trigger, settleSeconds: 0.1, on: 'each-node' } }),
    )
    for (const node of ['n2', 'n2', 'n3']) {
      desk.found(node, { task: 'reduce', files: ['/s/x'], version: '1:1' })
    }
    desk.found('n2', { task: 'reduce', files: ['/s/x'], version: '2:1' })
    const items = [...recorder.state.items.values()].map(({ node, version }) => `${node} ${version}`)
    expect(items).toEqual(['n2 1:1', 'n3 1:1', 'n2 2:1'])
  })

  test('this node does not count where it is none of the allocation', async () => {
    const { desk, items } = await open(fileIn(), { node: null })
    await writeFile(path.join(folder, 'here'), 'x')
    await flush(desk)
    expect(items()).toEqual([])
  })

  test('nothing is queued any more when it is closed, or for a task that nobody knows', async () => {
    const { desk, items } = await open(fileIn())
    desk.found('n2', { task: 'nobody', files: ['/s/a'], version: null })
    await desk.close()
    desk.found('n2', found('/s/a'))
    expect(items()).toEqual([])
  })
})

test('another folder is watched once, and its items are bound to no node', async () => {
  const { desk, watched, items } = await open(fileIn({ on: null }))
  await writeFile(path.join(folder, 'shared'), 'x')
  await flush(desk)
  expect(watched).toEqual([])
  expect(items()).toEqual(['null: shared'])
})
