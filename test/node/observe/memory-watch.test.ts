import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { ExactMemory } from '../../../src/node/observe/exact-memory.ts'
import { IoPressure } from '../../../src/node/observe/io-pressure.ts'
import { MemoryWatch } from '../../../src/node/observe/memory-watch.ts'

const MIB = 2 ** 20
const GIB = 2 ** 30

describe('the watch over free memory', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  function watching(available: number | null) {
    const seen = { available, looks: 0, short: 0 }
    const watch = new MemoryWatch({
      available: () => {
        seen.looks += 1
        return seen.available
      },
      onShort: () => {
        seen.short += 1
      },
    })
    return { seen, watch }
  }

  it.each([
    ['without attempts', 10 * MIB, 0, 0],
    ['far from the reserve', 100 * GIB, 2, 0],
    ['within a second of it', 3 * GIB, 2, 10],
    ['close to it', 10 * MIB, 1, 100],
  ])('%s', (_, available, takers, looks) => {
    const { seen, watch } = watching(available)
    watch.looked(available, takers)
    vi.advanceTimersByTime(1000)
    expect(seen).toMatchObject({ looks, short: 0 })
    watch.close()
  })

  it('calls when the reserve is touched, until it is not', () => {
    const { seen, watch } = watching(50 * MIB)
    watch.looked(50 * MIB, 1)
    vi.advanceTimersByTime(20)
    expect(seen.short).toBe(0)
    seen.available = -1
    vi.advanceTimersByTime(20)
    expect(seen.short).toBeGreaterThan(0)
    watch.looked(-1, 0)
    const { looks } = seen
    vi.advanceTimersByTime(1000)
    expect(seen.looks).toBe(looks)
  })

  it.each<[string, (watch: MemoryWatch) => void]>([
    ['attempts are over', watch => watch.looked(10 * MIB, 0)],
    ['there is room again', watch => watch.looked(50 * GIB, 1)],
    ['it is closed', watch => watch.close()],
  ])('ends when %s', (_, end) => {
    const { seen, watch } = watching(10 * MIB)
    watch.looked(10 * MIB, 1)
    end(watch)
    vi.advanceTimersByTime(1000)
    expect(seen.looks).toBe(0)
  })

  it('gives up where the kernel does not count', () => {
    const { seen, watch } = watching(null)
    watch.looked(10 * MIB, 1)
    vi.advanceTimersByTime(1000)
    expect(seen).toMatchObject({ looks: 1, short: 0 })
  })
})

describe('the exact memory of an attempt', () => {
  const sample = (gibibytes: number) => ({ attempt: 'a', cpuSeconds: 0, memoryBytes: gibibytes * GIB })

  it.each([
    ['is not asked for below its limit', 1, 0.5, [1], 0],
    ['is asked for above', 3, 1.5, [1.5], 1],
    ['is never more than what is resident', 3, 4, [3], 1],
    ['may be unknown', 3, null, [3], 1],
  ])('%s', (_, resident, exact, expected, asked) => {
    const exactBytes = vi.fn(() => (exact === null ? null : exact * GIB))
    const memory = new ExactMemory(exactBytes)
    expect(memory.correct([sample(resident)], () => 2 * GIB, 0).map(each => each.memoryBytes / GIB)).toEqual(
      expected,
    )
    expect(exactBytes).toHaveBeenCalledTimes(asked)
  })

  it('is not asked for without a limit', () => {
    const exactBytes = vi.fn(() => 0)
    new ExactMemory(exactBytes).correct([sample(100)], () => null, 0)
    expect(exactBytes).not.toHaveBeenCalled()
  })

  it('costs at most 2 % of a core', () => {
    const clock = vi.spyOn(performance, 'now')
    let time = 0
    clock.mockImplementation(() => time)
    const exactBytes = vi.fn(() => {
      time += 10
      return GIB
    })
    const memory = new ExactMemory(exactBytes)
    for (let now = 0; now < 1000; now += 100) memory.correct([sample(3)], () => 2 * GIB, now)
    clock.mockRestore()
    expect(exactBytes).toHaveBeenCalledTimes(2)
  })
})

describe('the pressure on I/O', () => {
  /** Looks at these seconds, at which processes have waited for so many seconds; `x`: beside an `ioBound` attempt. */
  function looks(...steps: [second: number, waited: number, beside?: 'x'][]) {
    let waited = 0
    const pressure = new IoPressure(file =>
      file === '/proc/pressure/io'
        ? `some avg10=0.00 total=${waited * 1e6}\nfull avg10=0.00 total=7\n`
        : null,
    )
    return steps.map(([second, sum, beside]) => {
      waited = sum
      return pressure.look(second * 1000, beside === 'x')
    })
  }

  it('is that of the last second, and unknown before', () => {
    expect(looks([0, 5], [0.5, 9], [1, 5.3], [1.5, 9], [2, 5.3])).toEqual([null, null, 0.3, 0.3, 0])
  })

  it('is not taken beside an ioBound attempt: what was seen before holds', () => {
    expect(looks([0, 0], [1, 0.1], [2, 1.1, 'x'], [3, 2.1, 'x'], [4, 3.1], [5, 3.1])).toEqual([
      null,
      0.1,
      0.1,
      0.1,
      0.1,
      0,
    ])
  })

  it('is taken after ten seconds of that, so that the next attempt waits for an undisturbed second', () => {
    const disturbed = Array.from({ length: 10 }, (_, at): [number, number, 'x'] => [2 + at, 1 + at, 'x'])
    expect(looks([0, 0], [1, 0], ...disturbed, [12, 10.5], [13, 10.5]).slice(-4)).toEqual([0, 1, 0.5, 0])
  })

  it('is unknown where the kernel does not say, or the clock was set back', () => {
    expect(new IoPressure(() => null).look(0, false)).toBeNull()
    expect(looks([10, 1], [11, 1.5], [3, 1.6])).toEqual([null, 0.5, null])
  })

  it('is that of the own control group where it has one', () => {
    const read = (file: string) =>
      ({
        '/proc/self/cgroup': '0::/job_7/step_0\n',
        '/proc/self/mountinfo': '31 23 0:28 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n',
        '/sys/fs/cgroup/job_7/step_0/io.pressure': `some avg10=1.00 total=${total}\n`,
        '/proc/pressure/io': 'some avg10=1.00 total=0\n',
      })[file] ?? null
    let total = 0
    const pressure = new IoPressure(read)
    pressure.look(0, false)
    total = 400_000
    expect(pressure.look(1000, false)).toBe(0.4)
  })
})
