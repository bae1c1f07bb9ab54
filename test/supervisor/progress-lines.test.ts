import { expect, it } from 'vitest'
import { startProgressLines } from '../../src/supervisor/progress-lines.ts'
import { createRecorder } from '../../src/supervisor/recorder.ts'
import { addDetails, newDetails } from '../../src/views/details.ts'
import { at, ended, launched, nodeUsage, queued, started } from '../views/samples.ts'

function begin() {
  let now = at(0)
  const said: string[] = []
  const recorder = createRecorder({ journal: null, now: () => now, say: () => {} })
  const details = newDetails()
  recorder.listen(event => addDetails(details, event))
  for (const event of launched()) recorder.record(event)
  const lines = startProgressLines({
    recorder,
    store: { details },
    now: () => now,
    say: text => said.push(text),
  })
  const look = (seconds: number) => {
    now = at(seconds)
    lines.looked()
  }
  return { recorder, lines, said, look }
}

it('says a line a minute at most, and only when something is new', () => {
  const { recorder, said, look } = begin()
  recorder.record(queued('reduce', 1, 1))
  for (let second = 1; second < 59; second += 1) look(second)
  expect(said).toEqual([])
  look(60)
  expect(said).toEqual(['odop: 1m: 0 completed, 0 running, 1 waiting\n'])
  for (let second = 61; second < 600; second += 1) look(second)
  expect(said).toHaveLength(1)
  recorder.record({ type: 'usage', at: at(600), usage: nodeUsage('n1') })
  look(600)
  expect(said[1]).toBe('odop: 10m: 0 completed, 0 running, 1 waiting; harvested 8 of 10 core-seconds (80%)\n')
})

it('says the first end of each kind, pauses and the end of the application', () => {
  const { recorder, said, lines } = begin()
  for (const number of [1, 2, 3]) {
    recorder.record(queued('reduce', number, 1))
    recorder.record(started('reduce', `${number}.1`, 2))
    recorder.record(
      ended('reduce', `${number}.1`, 3, number === 3 ? { outcome: 'failed', reason: 'bad' } : {}),
    )
  }
  recorder.record({ type: 'harvest-paused', at: at(5) })
  recorder.record({ type: 'harvest-resumed', at: at(6) })
  recorder.record({ type: 'application-ended', at: at(7), code: 0, signal: null })
  expect(said.map(line => line.split(': ').at(-1))).toEqual([
    '1 completed, 0 running, 0 waiting\n',
    '2 completed, 1 failed, 0 running, 0 waiting\n',
    '2 completed, 1 failed, 0 running, 0 waiting, paused\n',
    '2 completed, 1 failed, 0 running, 0 waiting\n',
    '2 completed, 1 failed, 0 running, 0 waiting, draining\n',
  ])
  lines.close()
  recorder.record({ type: 'harvest-paused', at: at(8) })
  expect(said).toHaveLength(5)
})
