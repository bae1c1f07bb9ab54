import { describe, expect, it } from 'vitest'
import { CoreMeter } from '../../../src/node/observe/core-meter.ts'

const noUse = { attempts: [], helperSeconds: 0 }
const times = (...cores: [busy: number, nice: number, stolen?: number][]) =>
  new Map(
    cores.map(([busySeconds, niceSeconds, stolenSeconds = 0], core) => [
      core,
      { busySeconds, niceSeconds, stolenSeconds },
    ]),
  )
const shares = (looks: readonly { foreignShare: number }[]) => looks.map(({ foreignShare }) => foreignShare)

describe('what others use of a core', () => {
  it('is everything before the first look', () => {
    const meter = new CoreMeter([0], times([0, 0]), 0)
    expect(shares(meter.look(times([0, 0]), 10, { use: noUse, soon: false }))).toEqual([1])
  })

  it('is its busy time less what attempts used on it', () => {
    const meter = new CoreMeter([0, 1, 2], times([5, 5], [0, 0], [0, 0]), 0)
    const use = { attempts: [{ cores: [1], seconds: 0.75 }], helperSeconds: 0 }
    const looks = meter.look(times([5.5, 5], [1, 0.75], [0, 0]), 1_000, { use, soon: false })
    expect(shares(looks)).toEqual([0.5, 0.25, 0])
    expect(looks.map(({ busyShare }) => busyShare)).toEqual([0.5, 1, 0])
    expect(meter.busySeconds).toBe(1.5)
  })

  it('sees which core an attempt of one thread uses, of the two that it has', () => {
    const meter = new CoreMeter([0, 1], times([0, 0], [0, 0]), 0)
    const use = { attempts: [{ cores: [0, 1], seconds: 1 }], helperSeconds: 0 }
    expect(shares(meter.look(times([1, 0.9], [1, 0]), 1_000, { use, soon: false }))).toEqual([0, 1])
  })

  it('takes no runner that starts up for the application, as far as it is niced', () => {
    const meter = new CoreMeter([0, 1], times([0, 0], [0, 0]), 0)
    const use = { attempts: [], helperSeconds: 0.4 }
    const [first = 1, second = 0] = shares(meter.look(times([0.3, 0.3], [1, 0]), 1_000, { use, soon: false }))
    expect(first).toBeCloseTo(0)
    expect(second).toBeCloseTo(1)
  })

  it('adds up to the truth, however coarse the ticks are', () => {
    const meter = new CoreMeter([0], times([0, 0]), 0)
    // Together 37 % of a core, the attempt 30 % of it; each of the counters rounds down to 10 ms for itself.
    const tick = (seconds: number) => Math.floor(seconds * 100 + 1e-6) / 100
    const at = (look: number) => (look * 47) / 1000
    let foreignSeconds = 0
    for (let look = 1; look <= 2_000; look++) {
      const seconds = tick(at(look) * 0.3 + 0.004) - tick(at(look - 1) * 0.3 + 0.004)
      const use = { attempts: [{ cores: [0], seconds }], helperSeconds: 0 }
      const [core] = meter.look(times([tick(at(look) * 0.37), 0]), at(look) * 1000, { use, soon: false })
      foreignSeconds += (core?.foreignShare ?? 0) * 0.047
    }
    expect(foreignSeconds).toBeCloseTo(at(2_000) * 0.07, 1)
  })

  it('forgets an error that rounding does not explain', () => {
    const meter = new CoreMeter([0], times([0, 0]), 0)
    const use = { attempts: [{ cores: [0], seconds: 60 }], helperSeconds: 0 }
    meter.look(times([0, 0]), 1_000, { use, soon: false })
    const [share] = shares(meter.look(times([1, 0]), 2_000, { use: noUse, soon: false }))
    expect(share).toBeGreaterThan(0.85)
  })

  it('is a share of the time in which the core was there', () => {
    const meter = new CoreMeter([0, 1, 2], times([0, 0], [0, 0], [0, 0]), 0)
    const use = { attempts: [{ cores: [1], seconds: 0.6 }], helperSeconds: 0 }
    const looks = meter.look(times([0.6, 0, 0.4], [0.6, 0.6, 0.4], [0.1, 0, 0.9]), 1_000, {
      use,
      soon: false,
    })
    expect(looks.map(({ foreignShare }) => foreignShare.toFixed(2))).toEqual(['1.00', '0.00', '0.40'])
    expect(meter.busySeconds).toBeCloseTo(1.3)
  })

  it('joins a look that comes too soon to the next, unless it is the last', () => {
    const meter = new CoreMeter([0], times([0, 0]), 0)
    meter.look(times([0, 0]), 100, { use: noUse, soon: false })
    const use = { attempts: [{ cores: [0], seconds: 0.01 }], helperSeconds: 0 }
    expect(shares(meter.look(times([0.01, 0.01]), 110, { use, soon: false }))).toEqual([0])
    expect(meter.busySeconds).toBe(0)
    expect(shares(meter.look(times([0.1, 0.01]), 200, { use: noUse, soon: false }))[0]).toBeCloseTo(0.9)
    meter.look(times([0.11, 0.01]), 210, { use: noUse, soon: true })
    expect(meter.busySeconds).toBeCloseTo(0.11)
    expect(meter.lookedAt).toBe(210)
  })

  it('is everything on a core that went offline', () => {
    const meter = new CoreMeter([0, 1], times([0, 0], [0, 0]), 0)
    expect(shares(meter.look(times([0, 0]), 1_000, { use: noUse, soon: false }))).toEqual([0, 1])
  })
})
