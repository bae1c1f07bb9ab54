import { expect, test } from 'vitest'
import type { OdopEvent } from '../../src/core/events.ts'
import { drain, type EndingParts } from '../../src/supervisor/ending.ts'
import { createRecorder, type Recorder } from '../../src/supervisor/recorder.ts'
import { defined, ended, facts, launched, queued, started, T0, task } from '../core/fixtures.ts'

/** Each look at the folders finds one more item, for so many rounds. */
function draining(recorder: Recorder, rounds: number): EndingParts {
  let left = rounds
  const find = async () => {
    if (left === 0) return
    const number = rounds - left + 1
    left -= 1
    recorder.record(queued('reduce', number))
    setImmediate(() => {
      recorder.record(started(`reduce#${number}.1`, T0, { node: 'n1', cores: [0] }))
      recorder.record(ended(`reduce#${number}.1`, T0))
    })
  }
  const unused = () => {
    throw new Error('not a part of this test')
  }
  return {
    recorder,
    loop: { wake: () => {}, lookAgain: unused, pauseStarting: unused, starts: () => true, stop: unused },
    attempts: {
      start: unused,
      follow: unused,
      suspend: unused,
      resume: unused,
      move: unused,
      terminate: unused,
      requeueAll: unused,
      endAll: unused,
      reported: unused,
    },
    desk: {
      open: unused,
      remove: unused,
      found: unused,
      waitsFor: unused,
      signalled: unused,
      signals: unused,
      look: unused,
      isBusy: unused,
      incoming: () => new Set(),
      applicationEnded: unused,
      flush: find,
      close: unused,
    },
    mayRunOn: unused,
    graceSeconds: 1,
    now: () => T0,
  }
}

test('however many rounds a drain takes, nobody keeps listening afterwards', async () => {
  const listening = new Set<(event: OdopEvent) => void>()
  const { listen, ...rest } = createRecorder({ journal: null, now: () => T0, say: () => {} })
  const recorder: Recorder = {
    ...rest,
    listen(listener) {
      listening.add(listener)
      const unlisten = listen(listener)
      return () => {
        listening.delete(listener)
        unlisten()
      }
    },
  }
  const all = [launched(), { type: 'node-joined', at: T0, facts: facts() } as const, defined(task())]
  for (const event of all) recorder.record(event)
  const stop = new AbortController()
  const added = countListeners(stop.signal)
  await drain(draining(recorder, 30), stop.signal)
  expect(recorder.state.tasks.get('reduce')?.ended.completed).toBe(30)
  expect(listening.size).toBe(0)
  expect(added()).toBe(0)
})

test('a drain ends when it is told to, whatever is left', async () => {
  const recorder = createRecorder({ journal: null, now: () => T0, say: () => {} })
  const all = [
    launched(),
    { type: 'node-joined', at: T0, facts: facts() } as const,
    defined(task()),
    queued('reduce', 1),
  ]
  for (const event of all) recorder.record(event)
  const stop = new AbortController()
  const drained = drain(draining(recorder, 0), stop.signal)
  setImmediate(() => stop.abort())
  await drained
  expect(recorder.state.pendingCount).toBe(1)
})

test('a drain waits for what is bound to a node as long as that is there', async () => {
  const recorder = createRecorder({ journal: null, now: () => T0, say: () => {} })
  const joined = (name: string) => ({ type: 'node-joined', at: T0, facts: facts({ name }) }) as const
  const bound = ['n2', 'n3'].map((node, index) => queued('reduce', index + 1, T0, { node }))
  for (const event of [launched(), joined('n1'), joined('n2'), defined(task()), ...bound])
    recorder.record(event)
  let isThere = true
  let ended = false
  const parts = { ...draining(recorder, 0), mayRunOn: (node: string) => node === 'n2' && isThere }
  const drained = drain(parts, new AbortController().signal).then(() => {
    ended = true
  })
  recorder.note('info', 'anything')
  await new Promise(resolve => setImmediate(resolve))
  expect(ended).toBe(false)
  isThere = false
  recorder.note('warning', 'the agent on n2 is lost')
  await drained
  expect(recorder.state.pendingCount).toBe(2)
})

function countListeners(signal: AbortSignal): () => number {
  let count = 0
  const add = signal.addEventListener.bind(signal)
  const remove = signal.removeEventListener.bind(signal)
  signal.addEventListener = (...values: Parameters<typeof add>) => {
    count += 1
    add(...values)
  }
  signal.removeEventListener = (...values: Parameters<typeof remove>) => {
    count -= 1
    remove(...values)
  }
  return () => count
}
