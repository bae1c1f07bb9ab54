import type { Ended } from './processes.ts'

/** What an application of the bench tells of itself. */
export interface Account {
  /** When it started, in seconds of the monotonic clock, which is the same for all processes. */
  readonly startedSeconds: number
  readonly wallSeconds: number
  readonly cpuSeconds: number
  /** Pairs of wall and CPU seconds since its start, some ten a second; MPI's ranks keep none. */
  readonly trace?: readonly (readonly [wall: number, cpu: number])[]
}

export function readAccount({ stdout, stderr, code, signal }: Ended): Account {
  try {
    return JSON.parse(stdout)
  } catch (cause) {
    const how = `code ${code}, signal ${signal}, output ${JSON.stringify(stdout)}`
    throw new Error(`the application gave no account of itself (${how}): ${stderr.trim()}`, { cause })
  }
}

/** Core-seconds that the application left from `from` seconds after its start to its end. */
export function availableFrom(account: Account, cores: number, from: number): number {
  const cpuSeconds = account.cpuSeconds - cpuUntil(account, from)
  return cores * (account.wallSeconds - from) - cpuSeconds
}

function cpuUntil({ trace = [], wallSeconds, cpuSeconds }: Account, time: number): number {
  let [wallBefore, cpuBefore] = [0, 0]
  for (const [wall, cpu] of [...trace, [wallSeconds, cpuSeconds] as const]) {
    if (wall >= time) {
      const share = wall === wallBefore ? 1 : (time - wallBefore) / (wall - wallBefore)
      return cpuBefore + share * (cpu - cpuBefore)
    }
    wallBefore = wall
    cpuBefore = cpu
  }
  return cpuSeconds
}

/** The clock of `startedSeconds`. */
export function monotonicSeconds(): number {
  return Number(process.hrtime.bigint()) / 1e9
}
