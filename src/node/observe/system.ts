import type { CoreId } from '../../core/model.ts'

/** What the observation of a node asks of the operating system. Nothing here waits, and nothing throws. */
export interface System {
  /** Every core that is online. */
  coreTimes(): ReadonlyMap<CoreId, CoreTimes>
  /** null: it is gone. */
  process(pid: number): ProcessLook | null
  /** For one walk through a tree of processes: what it has read once it may use again. */
  startWalk(): Walk
  /** Memory that the machine could give to new processes; null: unknown. */
  availableMemoryBytes(): number | null
  /** Memory of a process with pages that it shares counted in parts; slow. null: it is gone, or unknown here. */
  proportionalMemoryBytes(pid: number): number | null
  /** What the scheduler has noted down of one thread; null: it is gone, or the system does not say. */
  threadTimes(thread: ThreadId): ThreadTimes | null
  /** The core on which a thread runs, or waits to; null: it is gone, or the system does not say. */
  threadCore(thread: ThreadId): CoreId | null
  /** The cores that a process may use; null: it is gone, or the system does not say. */
  allowedCores(pid: number): readonly CoreId[] | null
  /** The CPU control group of a process; null where that can't be seen. */
  cpuGroup(pid: number): string | null
  /** Takes the exit status of a child that is a zombie, so that it can go. */
  reap(pid: number): void
}

export interface Walk {
  /**
   * As `System.process`. `before`, an earlier look at it, is the answer when it has surely not run since: then nothing has
   * changed that it does itself, but its parent may have.
   */
  process(pid: number, before: ProcessLook | null): ProcessLook | null
  /**
   * The living children of a process and its zombies.
   *
   * @param mainThread only its first thread has any. Default: each of its threads may
   */
  children(process: ProcessLook, mainThread?: boolean): readonly number[]
  /** Of each of its threads, by thread id; null: the system does not say. */
  threadTimes(process: ProcessLook): ReadonlyMap<number, ThreadTimes> | null
}

export interface ThreadId {
  readonly pid: number
  readonly thread: number
}

/** Since the thread began. */
export interface ThreadTimes {
  readonly runSeconds: number
  /** Kept waiting for a core. */
  readonly delaySeconds: number
}

/** Seconds since some moment in the past. */
export interface CoreTimes {
  /** Someone ran on it: programs, the kernel for them, and interrupts. */
  readonly busySeconds: number
  /** The part of `busySeconds` in which programs with a raised nice value ran; 0 where that is not told apart. */
  readonly niceSeconds: number
  /** Someone would have run on it, but the machine below this virtual one had other work; 0 where that is not told. */
  readonly stolenSeconds: number
}

export interface ProcessLook {
  readonly pid: number
  readonly parent: number
  /** 0 where it is unknown. */
  readonly session: number
  readonly zombie: boolean
  /** With `pid` this names the process for good; 0 where it is unknown. */
  readonly startTicks: number
  /** CPU time of all its threads. */
  readonly selfSeconds: number
  /** CPU time of all children that it has waited for, and of theirs. */
  readonly childSeconds: number
  readonly threads: number
  readonly memoryBytes: number
}
