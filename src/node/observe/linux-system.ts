import {
  type CoreTicks,
  childFinder,
  type ProcessStat,
  readCoreTicks,
  readMemoryInfo,
  readProcessStat,
  readProportionalBytes,
  readRunDelay,
  readThreads,
  TICKS_PER_SECOND,
} from '../../os/proc.ts'
import { systemCalls } from '../../os/system-calls.ts'
import type { CoreTimes, ProcessLook, System, Walk } from './system.ts'

export function linuxSystem(): System {
  return {
    coreTimes: () => new Map([...readCoreTicks()].map(([core, ticks]) => [core, coreTimes(ticks)])),
    process: pid => {
      const stat = readProcessStat(pid)
      return stat && processLook(stat)
    },
    startWalk,
    availableMemoryBytes: () => readMemoryInfo()?.availableBytes ?? null,
    proportionalMemoryBytes: readProportionalBytes,
    reap: pid => void systemCalls()?.reap(pid),
  }
}

/**
 * Stolen time is not busy. The kernel charges it to no process, so it can't be told apart into the application's and
 * the attempts': counted as busy, an attempt on a core that the hypervisor takes away now and then would look like the
 * application coming back. Time in which the core waits for I/O is idle: another program could run.
 */
function coreTimes({ user, nice, system, irq, softirq }: CoreTicks): CoreTimes {
  return {
    busySeconds: (user + nice + system + irq + softirq) / TICKS_PER_SECOND,
    niceSeconds: nice / TICKS_PER_SECOND,
  }
}

function processLook(stat: ProcessStat): ProcessLook {
  return {
    pid: stat.pid,
    parent: stat.parent,
    session: stat.session,
    zombie: stat.state === 'Z' || stat.state === 'X',
    startTicks: stat.startTicks,
    selfSeconds: (stat.userTicks + stat.systemTicks) / TICKS_PER_SECOND,
    childSeconds: (stat.childUserTicks + stat.childSystemTicks) / TICKS_PER_SECOND,
    threads: stat.threads,
    memoryBytes: stat.residentBytes,
  }
}

/** Children and run delays of a process are asked for at different times of a walk: its threads are listed once. */
function startWalk(): Walk {
  const childrenOf = childFinder()
  const listed = new Map<number, readonly string[]>()
  const threadsOf = ({ pid, threads }: ProcessLook) => {
    if (threads === 1) return [String(pid)]
    const ids = listed.get(pid) ?? readThreads(pid) ?? []
    listed.set(pid, ids)
    return ids
  }
  return {
    children: process => childrenOf(process.pid, threadsOf(process)),
    runDelays: process => (delaysAreKept() ? runDelays(process.pid, threadsOf(process)) : null),
  }
}

function runDelays(pid: number, threads: readonly string[]): Map<number, number> {
  const delays = new Map<number, number>()
  for (const thread of threads) {
    const nanoseconds = readRunDelay(pid, thread)
    if (nanoseconds !== null) delays.set(Number(thread), nanoseconds / 1e9)
  }
  return delays
}

/** A kernel that keeps no record says of every thread that it has never run, even of the one that asks. */
function delaysAreKept(): boolean {
  kept ??= readRunDelay(process.pid, process.pid) !== null
  return kept
}
let kept: boolean | undefined
