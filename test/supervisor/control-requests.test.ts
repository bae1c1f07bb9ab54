import { expect, it } from 'vitest'
import { markFollowing } from '../../src/core/followers.ts'
import type { ControlRequest } from '../../src/supervisor/control-protocol.ts'
import { readReply, readRequest } from '../../src/supervisor/control-protocol.ts'
import { answerRequest } from '../../src/supervisor/control-requests.ts'
import { createRecorder } from '../../src/supervisor/recorder.ts'
import { at, ended, launched, queued, started } from '../views/samples.ts'

function begin(cores = 2) {
  const done: string[] = []
  const recorder = createRecorder({ journal: null, now: () => at(9), say: () => {} })
  for (const event of [
    ...launched(),
    queued('reduce', 1, 1),
    queued('reduce', 2, 1),
    started('reduce', '1.1', 2),
  ])
    recorder.record(event)
  recorder.listen(event => done.push(event.type))
  const look = Array.from({ length: cores }, (_, core) => ({
    core,
    foreignShare: core / 10,
    judged: 'busy' as const,
  }))
  const busy = new Set<string>()
  const gone = new AbortController()
  const ask = (request: ControlRequest) =>
    answerRequest(request, gone.signal, {
      recorder,
      attempts: { terminate: (attempt, { outcome }) => done.push(`${attempt} ${outcome}`) },
      loop: { wake: () => done.push('wake'), starts: () => true },
      desk: {
        signalled: name => {
          done.push(`signal ${name}`)
          return name === 'step' ? { kind: 'queued' } : { kind: 'unknown' }
        },
        signals: () => ['step'],
        look: async () => void done.push('look'),
        isBusy: name => busy.has(name),
      },
      tasksAreOpen: () => Promise.resolve(),
      run: 'r',
      folder: null,
      progress: { step: () => done.push('step') },
      snapshot: () => ({
        nodes: [{ node: 'n1', cores: look, availableMemoryBytes: 1e9, attempts: [] }],
        remainingSeconds: null,
      }),
      waitsFor: async () => [],
      changeTasks: async () => ({ ok: true }),
      now: () => at(9),
    })
  return { ask, done, recorder, busy, gone }
}

it('a pause and its end are recorded once, and decided on at once', () => {
  const { ask, done } = begin()
  for (const type of ['resume', 'pause', 'pause', 'resume'] as const)
    expect(ask({ type })).toEqual({ ok: true })
  expect(done).toEqual(['harvest-paused', 'wake', 'harvest-resumed', 'wake'])
})

it('what runs is ended, what waits is given up, wherever it waits', () => {
  const { ask, done, recorder } = begin()
  expect(ask({ type: 'cancel', item: 'reduce#1' })).toEqual({ ok: true })
  expect(ask({ type: 'cancel', item: 'reduce#1.1' })).toEqual({ ok: true })
  markFollowing(recorder.state, 'reduce#2', 'reduce#1.1')
  expect(ask({ type: 'cancel', item: 'reduce#2' })).toEqual({ ok: true })
  expect(done).toEqual(['reduce#1.1 cancelled', 'reduce#1.1 cancelled', 'item-cancelled'])
  expect(ask({ type: 'cancel', item: 'reduce#2' })).toMatchObject({
    ok: false,
    problem: expect.stringContaining('has ended'),
  })
  expect(ask({ type: 'cancel', item: 'nonsense' })).toMatchObject({ ok: false })
})

it('tells what cores do, and why work waits, as the last look has it', async () => {
  const { ask } = begin()
  const look = ask({ type: 'look' })
  expect(look).toEqual({ ok: true, look: { at: at(9), nodes: [{ node: 'n1', foreign: '01' }] } })
  expect(readReply(JSON.stringify(look))).toEqual(look)
  const why = await ask({ type: 'explain', task: 'reduce' })
  expect(why).toMatchObject({ ok: true, reasons: [expect.stringContaining('needs 1 free core on a node')] })
  expect(readReply(JSON.stringify(why))).toEqual(why)
  expect(await ask({ type: 'explain', task: 'other' })).toMatchObject({ ok: false })
})

it('tells nothing of cores where there are too many', () => {
  expect(begin(9000).ask({ type: 'look' })).toMatchObject({ ok: true, look: { nodes: [] } })
})

it.each([
  '{"type":"cancel"}',
  '{"type":"cancel","item":1}',
  '{"type":"explain"}',
  '{"type":"constructor"}',
  '{"type":"toString","item":"x"}',
])('refuses %s', line => {
  expect(readRequest(line)).toEqual({ problem: expect.stringContaining('expected') })
})

it('a signal is for its tasks, progress for every run, and others are refused with what there is', async () => {
  const { ask, done } = begin()
  expect(ask({ type: 'signal', name: 'step', files: [] })).toEqual({ ok: true })
  expect(ask({ type: 'signal', name: 'progress', files: [] })).toEqual({ ok: true })
  expect(await ask({ type: 'signal', name: 'other', files: [] })).toEqual({
    ok: false,
    problem: 'no trigger of this name: "other"; there is: progress, step',
  })
  expect(done).toEqual(['signal step', 'step', 'signal progress', 'signal other', 'signal other'])
})

it('who waits is answered when nothing is left, neither work items nor files, and not kept when he is gone', async () => {
  const { ask, recorder, busy, gone, done } = begin()
  let answered = false
  const answer = Promise.resolve(ask({ type: 'wait', task: 'reduce' })).then(reply => {
    answered = true
    return reply
  })
  busy.add('reduce')
  recorder.record(ended('reduce', '1.1', 3))
  recorder.record({ type: 'item-cancelled', at: at(4), item: 'reduce#2', reason: '' })
  await new Promise(resolve => setTimeout(resolve, 250))
  expect(answered).toBe(false)
  busy.clear()
  expect(await answer).toEqual({ ok: true })
  expect(done).toContain('look')
  expect(await ask({ type: 'wait', task: 'nobody' })).toMatchObject({
    ok: false,
    problem: expect.stringMatching('nobody'),
  })
  busy.add('reduce')
  const waiting = ask({ type: 'wait', task: null })
  gone.abort()
  await waiting
})
