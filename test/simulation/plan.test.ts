import { expect, it } from 'vitest'
import { planSimulation, type SimulationWords } from '../../src/simulation/plan.ts'

const none: SimulationWords = {
  cpus: null,
  busy: null,
  idle: null,
  cycles: null,
  time: null,
  level: null,
  files: null,
}
const plan = (words: Partial<SimulationWords>) => planSimulation({ ...none, ...words }, [0, 1, 4, 5])

it('keeps all cores busy for ten cycles of 3 s and 3 s unless it is told otherwise', () => {
  expect(plan({})).toEqual({
    plan: {
      cores: [0, 1, 4, 5],
      busySeconds: 3,
      idleSeconds: 3,
      cycles: 10,
      timeSeconds: null,
      level: 1,
      files: null,
    },
  })
})

it.each([
  ['2', [0, 1]],
  ['4-5', [4, 5]],
  ['4-4', [4]],
  ['0,5', [0, 5]],
])('takes --cpus %s', (cpus, cores) => expect(plan({ cpus })).toMatchObject({ plan: { cores } }))

it('reads times, cycles and levels', () => {
  expect(plan({ busy: '500ms', idle: '0', cycles: '3', level: '60%' })).toMatchObject({
    plan: { busySeconds: 0.5, idleSeconds: 0, cycles: 3, level: 0.6 },
  })
  expect(plan({ time: '2m' })).toMatchObject({ plan: { cycles: null, timeSeconds: 120 } })
})

it.each([
  [{ cpus: '5' }, /--cpus: expected how many of the 4 cores/],
  [{ cpus: '0,2' }, /--cpus: expected cores of 0,1,4,5, found 2/],
  [{ cpus: 'x' }, /--cpus: expected/],
  [{ busy: '0' }, /--busy: expected a duration/],
  [{ cycles: '0' }, /--cycles: expected a whole number/],
  [{ level: '120%' }, /--level: expected a percentage/],
  [{ cycles: '1', time: '1s' }, /--cycles or --time, found both/],
])('refuses %j', (words, problem) => {
  expect(plan(words)).toEqual({ problems: [expect.stringMatching(problem)] })
})
