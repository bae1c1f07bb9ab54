import { closeSync, openSync, writeSync } from 'node:fs'
import path from 'node:path'

/** Fixed work in JavaScript, as `work` in work.h is in C. */
export function work(units) {
  let x = 88172645
  for (let unit = 0; unit < units; unit++) {
    for (let step = 0; step < STEPS_OF_A_UNIT; step++) {
      x ^= x << 13
      x ^= x >>> 17
      x ^= x << 5
    }
  }
  return x
}

const STEPS_OF_A_UNIT = 20_000

/** Units a second: the fastest of some short looks, as whatever else runs on the machine only makes it slower. */
export function rate() {
  work(2000) // until V8 has compiled it
  let best = 0
  for (let look = 0; look < 10; look++) {
    const before = process.cpuUsage()
    work(3000)
    const { user, system } = process.cpuUsage(before)
    best = Math.max(best, 3000 / ((user + system) / 1e6))
  }
  return best
}

/** A task function of fixed work that keeps the CPU time it has used so far in a file of its own, as burn.c does. */
export function burn(units, folder) {
  const before = process.cpuUsage()
  const file = openSync(path.join(folder, `${process.pid}-${process.hrtime.bigint()}`), 'w')
  const used = new Float64Array(1)
  for (let done = 0; done < units; done += UNITS_AT_ONCE) {
    work(Math.min(UNITS_AT_ONCE, units - done))
    const { user, system } = process.cpuUsage(before)
    used[0] = (user + system) / 1e6
    writeSync(file, used, 0, 8, 0)
  }
  closeSync(file)
}

const UNITS_AT_ONCE = 100
