import { describe, expect, test } from 'vitest'
import { estimatedSeconds } from '../../bench/estimate.ts'
import { plannedRuns } from '../../bench/harvest.ts'
import { coresIn } from '../../bench/machine.ts'
import { readOptions } from '../../bench/options.ts'
import { SHAPES, secondsAlone } from '../../bench/shapes.ts'

function shape(name: string) {
  const found = SHAPES.find(one => one.name === name)
  if (found === undefined) throw new Error(`no shape ${name}`)
  return found
}

describe('what the bench will measure', () => {
  test('shapes with idle time have a run for each size of task, and small ones as functions too', () => {
    expect(plannedRuns(shape('moving'), [5, 1, 0.1])).toEqual({ odop: 3, others: 0 })
    expect(plannedRuns(shape('one-core'), [5, 1, 0.1])).toEqual({ odop: 4, others: 3 })
  })

  test('shapes without idle time have one', () => {
    expect(plannedRuns(shape('all-cores'), [5, 1, 0.1]).odop).toBe(1)
  })

  test('the bandwidth-bound one has one without a limit of the slowdown, and one with it', () => {
    expect(plannedRuns(shape('bandwidth'), [5, 1, 0.1]).odop).toBe(2)
    expect(shape('bandwidth').ways.map(({ mostSlowdown }) => mostSlowdown)).toEqual([null, 1.03])
  })

  test('an application in phases has two of them at least', () => {
    expect(secondsAlone(shape('alternating'), 4)).toBe(12)
    expect(secondsAlone(shape('alternating'), 30)).toBe(30)
  })

  test('options choose; `--full` changes the defaults, not what is given', () => {
    const options = readOptions(['--full', '--only', 'harvest,job', '--shapes', 'bursts', '--seconds', '9'])
    expect([...options.parts]).toEqual(['harvest', 'job'])
    expect(options.shapes.map(({ name }) => name)).toEqual(['bursts'])
    expect(options.seconds).toBe(9)
    expect(options.taskSeconds).toEqual([5, 1, 0.1])
    expect(options.repetitions).toBe(5)
  })

  test('the estimate grows with what is asked for, and counts every run', () => {
    const one = readOptions(['--only', 'harvest', '--shapes', 'moving', '--seconds', '30', '--tasks', '1'])
    const ten = { ...one, repetitions: 10 }
    // Nine more repetitions of two runs of 30 s, and what is around them.
    expect(estimatedSeconds(ten) - estimatedSeconds(one)).toBeGreaterThanOrEqual(9 * 2 * 30)
    expect(estimatedSeconds(ten) - estimatedSeconds(one)).toBeLessThan(9 * 2 * 40)
  })

  test('lists of cores as the kernel writes them', () => {
    expect([...coresIn('0-2,7')]).toEqual([0, 1, 2, 7])
  })
})
