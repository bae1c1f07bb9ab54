import { expect, it } from 'vitest'
import type { ApplicationLook } from '../../../src/node/observe/application-tree.ts'
import { InterferenceMeter } from '../../../src/node/observe/interference-meter.ts'

const look = (
  lookedAt: number | null,
  runSeconds: number,
  runDelaySeconds: number | null,
): ApplicationLook => ({
  processes: 1,
  threads: 1,
  cpuSeconds: runSeconds,
  elsewhere: false,
  otherCpuGroup: null,
  memoryBytes: 0,
  peakMemoryBytes: 0,
  runDelaySeconds,
  runSeconds,
  lookedAt,
})

it('tells what the application waited beside attempts, and alone', () => {
  const meter = new InterferenceMeter()
  meter.looked(look(0, 0, 0))
  meter.looked(look(1000, 1, 0.1))
  meter.began('a#1.1', 1000)
  meter.looked(look(2000, 2, 0.5))
  // The same look again: nothing new.
  meter.looked(look(2000, 2, 0.5))
  meter.suspended('a#1.1', 2000)
  expect(meter.hasCompany).toBe(false)
  meter.looked(look(3000, 3, 0.5))
  // In half of this interval only: it tells nothing.
  meter.resumed('a#1.1', 3500)
  meter.looked(look(4000, 4, 7))
  // One attempt follows the other.
  meter.began('a#2.1', 4500)
  meter.ended('a#1.1', 4500)
  meter.looked(look(5000, 5, 7.25))
  expect(meter.total).toEqual({
    beside: { seconds: 2, appCpuSeconds: 2, appRunDelaySeconds: 0.65 },
    alone: { seconds: 2, appCpuSeconds: 2, appRunDelaySeconds: 0.1 },
  })
})

it('knows nothing where the kernel does not say how long threads wait', () => {
  const meter = new InterferenceMeter()
  for (const at of [0, 1000, 2000]) meter.looked(look(at, at, null))
  expect([meter.total, meter.recent(2000)]).toEqual([null, null])
})

it('takes an attempt that was suspended before it began for suspended', () => {
  const meter = new InterferenceMeter()
  meter.suspended('a#1.1', 0)
  meter.began('a#1.1', 1)
  expect(meter.hasCompany).toBe(false)
  meter.resumed('a#1.1', 2)
  expect(meter.hasCompany).toBe(true)
})
