import { expect, test } from 'vitest'
import { played } from '../../bench/simulation.ts'

test('a simulation plays its hours: attempts run on what the application leaves, and end', async () => {
  const play = await played(3, { hours: 5, secondsOfAnHour: 2 })
  expect(play.seconds).toHaveLength(10)
  // Eight cores a node for attempts of one or two cores, which take 1 to 3 hours.
  expect(play.running).toBeGreaterThanOrEqual(3 * 4)
  expect(play.running).toBeLessThanOrEqual(3 * 8)
  expect(play.attempts).toBeGreaterThan(2 * play.running)
  for (const { messages, decisions, count } of play.seconds) {
    expect(messages).toBeGreaterThan(0)
    expect(decisions).toBeGreaterThan(0)
    expect(count).toBeGreaterThan(0)
  }
  expect(play.bytesUp).toBeGreaterThan(3 * 128)
})
