import {
  type CoreTicks,
  childFinder,
  type ProcessStat,
  readCoreTicks,
  readMemoryInfo,
  readProc,
  readProcessStat,
  readProportionalBytes,
  readThreadCore,
  readThreads,
  readThreadTimes,
  type ThreadTimes as ThreadRecord,
  TICKS_PER_SECOND,
} from '../../os/proc.ts'
import { systemCalls } from '../../os/system-calls.ts'
import { readAllowedCores } from './allowed-cores.ts'
import { cpuGroup } from './cgroups.ts'
import type { CoreTimes, ProcessLook, System, ThreadTimes, Walk } from './system.ts'

export function linuxSystem(): System {
  return {
    coreTimes: () => new Map([...readCoreTicks()].map(([core, ticks]) => [core, coreTimes(ticks)])),
    process: readProcess,
    startWalk,
    availableMemoryBytes: () => readMemoryInfo()?.availableBytes ?? null,
    proportionalMemoryBytes: readProportionalBytes,
    threadTimes: ({ pid, thread }) => threadTimes(pid, thread),
    threadCore: ({ pid, thread }) => readThreadCore(pid, thread),
    allowedCores: readAllowedCores,
    cpuGroup: pid => cpuGroup(pid, readProc),
    reap: pid => void systemCalls()?.reap(pid),
  }
}

function readProcess(pid: number): ProcessLook | null {
  const stat = readProcessStat(pid)
  return stat && processLook(stat)
}

/**
 * Stolen time is not busy. The kernel charges it to no process, so it can't be told apart into the application's and
 * the attempts': counted as busy, an attempt on a core that the hypervisor takes away now and then would look like the
 * application coming back. Time in which the core waits for I/O is idle: another program could run.
 */
function coreTimes({ user, nice, system, irq, softirq, steal }: CoreTicks): CoreTimes {
  return {
    busySeconds: (user + nice + system + irq + softirq) / TICKS_PER_SECOND,
    niceSeconds: nice / TICKS_PER_SECOND,
    stolenSeconds: steal / TICKS_PER_SECOND,
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

/** Children and times of a process are asked for at different times of a walk: what it takes to know is read once. */
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
    process: processUnlessStill,
    children: (process, mainThread = false) => {
      if (mainThread) return childrenOf(process.pid, [String(process.pid)])
      const reading = readings.get(process)
      if (reading === undefined) return childrenOf(process.pid, threadsOf(process))
      reading.children ??= childrenOf(process.pid, threadsOf(process))
      return reading.children
    },
    threadTimes: process => {
      if (!timesAreKept()) return null
      const record = readings.get(process)?.record
      return record === undefined
        ? timesOfThreads(process.pid, threadsOf(process))
        : new Map([[process.pid, inSeconds(record)]])
    },
  }
}

/**
 * Of a process with one thread, what was read together. It all holds until that thread has run again, and the scheduler's
 * record of it tells whether it has, to the nanosecond. Most processes of a large application sleep for most of the time:
 * one small file of each has to be read then instead of three.
 */
interface Reading {
  readonly record: ThreadRecord
  children: readonly number[] | null
  uses: number
}

const readings = new WeakMap<ProcessLook, Reading>()

/** A subreaper gets children, and the kernel takes memory away, while it sleeps: now and then all is read. */
const MOST_USES = 8

function processUnlessStill(pid: number, before: ProcessLook | null): ProcessLook | null {
  const record = before !== null && before.threads > 1 ? null : readThreadTimes(pid, pid)
  const known = before === null ? undefined : readings.get(before)
  if (known && record && isSameRecord(known.record, record) && known.uses < MOST_USES) {
    known.uses += 1
    return before
  }
  const look = readProcess(pid)
  // The record was read first: had the process run in between, the next one would be another.
  if (look?.threads === 1 && record !== null) readings.set(look, { record, children: null, uses: 0 })
  return look
}

function isSameRecord(one: ThreadRecord, other: ThreadRecord): boolean {
  return one.run === other.run && one.delay === other.delay
}

function timesOfThreads(pid: number, threads: readonly string[]): Map<number, ThreadTimes> {
  const all = new Map<number, ThreadTimes>()
  for (const thread of threads) {
    const times = threadTimes(pid, Number(thread))
    if (times !== null) all.set(Number(thread), times)
  }
  return all
}

function threadTimes(pid: number, thread: number): ThreadTimes | null {
  const times = readThreadTimes(pid, thread)
  return times && inSeconds(times)
}

function inSeconds({ run, delay }: ThreadRecord): ThreadTimes {
  return { runSeconds: run / 1e9, delaySeconds: delay / 1e9 }
}

/** A kernel that keeps no record says of every thread that it has never run, even of the one that asks. */
function timesAreKept(): boolean {
  kept ??= readThreadTimes(process.pid, process.pid) !== null
  return kept
}
let kept: boolean | undefined
