import { closeSync, openSync, readdirSync, readFileSync, readSync } from 'node:fs'

/**
 * Synchronous readers of Linux's `/proc`: with small files a synchronous read costs a tenth of an asynchronous one.
 * A process that vanishes while it is read is normal, and so is a file that may not be read: the answer is null.
 */

/** `sysconf(_SC_CLK_TCK)`: 100 on every architecture that Node runs on. */
export const TICKS_PER_SECOND = 100

/** One core's line of `/proc/stat`, in ticks since the boot. */
export interface CoreTicks {
  readonly user: number
  /** User time of processes with a nice value above 0. */
  readonly nice: number
  readonly system: number
  readonly idle: number
  readonly iowait: number
  readonly irq: number
  readonly softirq: number
  /** Time in which the core was wanted here, but the hypervisor gave it to another guest. */
  readonly steal: number
}

/** `/proc/PID/stat`, for the whole process: times cover all threads, also those that ended. */
export interface ProcessStat {
  readonly pid: number
  readonly name: string
  /** `R` running, `S` sleeping, `D` waiting for I/O, `T` stopped, `Z` zombie … */
  readonly state: string
  readonly parent: number
  readonly group: number
  readonly session: number
  readonly userTicks: number
  readonly systemTicks: number
  /** Of children that ended and were waited for, with all that those had waited for. */
  readonly childUserTicks: number
  readonly childSystemTicks: number
  readonly threads: number
  /** In ticks after the boot: tells two processes apart that had the same pid one after the other. */
  readonly startTicks: number
  readonly residentBytes: number
}

export interface MemoryInfo {
  readonly totalBytes: number
  readonly availableBytes: number
}

/** Every core that is online. Empty where there is no `/proc/stat`. */
export function readCoreTicks(): Map<number, CoreTicks> {
  const cores = new Map<number, CoreTicks>()
  for (const line of (readProc('/proc/stat') ?? '').split('\n')) {
    if (!line.startsWith('cpu')) break
    const [name = '', ...values] = line.split(' ')
    const core = name.slice('cpu'.length)
    // The first line, `cpu`, is the sum of all.
    if (core !== '') cores.set(Number(core), coreTicks(values.map(Number)))
  }
  return cores
}

function coreTicks(values: readonly number[]): CoreTicks {
  const [user = 0, nice = 0, system = 0, idle = 0, iowait = 0, irq = 0, softirq = 0, steal = 0] = values
  return { user, nice, system, idle, iowait, irq, softirq, steal }
}

export function readProcessStat(pid: number): ProcessStat | null {
  const text = readShort(`/proc/${pid}/stat`)
  return text === null ? null : parseProcessStat(text)
}

/** A name may hold anything, also spaces, parentheses and newlines: it ends at the last `)`. */
export function parseProcessStat(text: string): ProcessStat | null {
  const open = text.indexOf('(')
  const close = text.lastIndexOf(')')
  if (open < 0 || close < open) return null
  // proc(5) counts from 1, and the field after the name is number 3.
  const fields = text.slice(close + 2).split(' ')
  const field = (number: number) => Number(fields[number - 3])
  return {
    pid: Number(text.slice(0, open)),
    name: text.slice(open + 1, close),
    state: fields[0] ?? '',
    parent: field(4),
    group: field(5),
    session: field(6),
    userTicks: field(14),
    systemTicks: field(15),
    childUserTicks: field(16),
    childSystemTicks: field(17),
    threads: field(20),
    startTicks: field(22),
    residentBytes: field(24) * pageBytes(),
  }
}

/** The thread ids of a process; null when it is gone. */
export function readThreads(pid: number): string[] | null {
  try {
    return readdirSync(`/proc/${pid}/task`)
  } catch {
    return null
  }
}

/**
 * Answers `children(pid)` for one walk through a process tree. The kernel lists the children of each thread; where it
 * was built without that (CONFIG_PROC_CHILDREN), one scan of all processes serves the whole walk.
 */
export function childFinder(
  listedByKernel = kernelListsChildren(),
): (pid: number, threads?: readonly string[]) => number[] {
  if (listedByKernel) return (pid, threads) => childrenOfThreads(pid, threads ?? readThreads(pid) ?? [])
  let scanned: Map<number, number[]> | undefined
  return pid => {
    scanned ??= scanForChildren()
    return scanned.get(pid) ?? []
  }
}

/** All living descendants of a process and its zombies, parents before their children; not the process itself. */
export function descendants(pid: number, children: (pid: number) => number[] = childFinder()): number[] {
  const found = new Set<number>()
  const queue = [pid]
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    for (const child of children(next)) {
      if (found.has(child)) continue
      found.add(child)
      queue.push(child)
    }
  }
  return [...found]
}

function childrenOfThreads(pid: number, threads: readonly string[]): number[] {
  const children: number[] = []
  for (const thread of threads) {
    const text = readProc(`/proc/${pid}/task/${thread}/children`)
    if (!text) continue
    for (const child of text.split(' ')) if (child !== '') children.push(Number(child))
  }
  return children
}

function scanForChildren(): Map<number, number[]> {
  const children = new Map<number, number[]>()
  for (const pid of readPids()) {
    const parent = readProcessStat(pid)?.parent
    if (parent === undefined) continue
    const siblings = children.get(parent)
    if (siblings) siblings.push(pid)
    else children.set(parent, [pid])
  }
  return children
}

/** Every process that can be seen; none where there is no `/proc`. */
export function readPids(): number[] {
  try {
    return readdirSync('/proc')
      .filter(name => /^\d+$/.test(name))
      .map(Number)
  } catch {
    return []
  }
}

function kernelListsChildren(): boolean {
  childrenListed ??= readProc(`/proc/self/task/${process.pid}/children`) !== null
  return childrenListed
}
let childrenListed: boolean | undefined

/** What the scheduler has noted down of one thread, in nanoseconds since it began. */
export interface ThreadTimes {
  readonly run: number
  /** Runnable on a run queue without running; of a wait that still lasts it tells when that is over. */
  readonly delay: number
}

/**
 * null: it is gone, or the kernel keeps no such record (it then says `0 0 0`, which is also what a thread says that has
 * never run).
 */
export function readThreadTimes(pid: number, thread: string | number): ThreadTimes | null {
  const text = readShort(`/proc/${pid}/task/${thread}/schedstat`) ?? ''
  const [run, delay, timeslices] = text.split(' ')
  return delay === undefined || Number(timeslices) === 0 ? null : { run: Number(run), delay: Number(delay) }
}

/** The core on which a thread runs, waits for its turn, or ran last; null: it is gone. */
export function readThreadCore(pid: number, thread: string | number): number | null {
  const text = readShort(`/proc/${pid}/task/${thread}/stat`)
  // Field 39, and the field after the name is number 3.
  const core = text?.slice(text.lastIndexOf(')') + 2).split(' ')[39 - 3]
  return core === undefined ? null : Number(core)
}

export function readMemoryInfo(read: (path: string) => string | null = readProc): MemoryInfo | null {
  const text = read('/proc/meminfo')
  const bytes = (name: string) => Number(text?.match(new RegExp(`^${name}: +(\\d+) kB`, 'm'))?.[1]) * 1024
  const totalBytes = bytes('MemTotal')
  // MemAvailable is missing before Linux 3.14 only.
  const availableBytes = bytes('MemAvailable')
  return Number.isNaN(totalBytes) || Number.isNaN(availableBytes) ? null : { totalBytes, availableBytes }
}

/**
 * Memory of one process with each shared page counted in parts, so that the sum over processes counts it once.
 * Exact, but the kernel walks all pages for it: milliseconds per gigabyte.
 */
export function readProportionalBytes(pid: number): number | null {
  const kibibytes = readProc(`/proc/${pid}/smaps_rollup`)?.match(/^Pss: +(\d+) kB/m)?.[1]
  return kibibytes === undefined ? null : Number(kibibytes) * 1024
}

/**
 * Bytes that a process, and children that it has waited for, have caused to be written to storage (`write_bytes` of
 * proc(5)); not to pipes, sockets or memory file systems. null: it is gone, another user's, or the kernel does not count.
 */
export function readWrittenBytes(pid: number): number | null {
  const bytes = readShort(`/proc/${pid}/io`)?.match(/^write_bytes: (\d+)/m)?.[1]
  return bytes === undefined ? null : Number(bytes)
}

/** The text of a file of `/proc` or `/sys`; null when it can't be read. */
export function readProc(path: string): string | null {
  return readWith(path, readAll)
}

/** The same for a file that the kernel makes in one piece of less than a page: it comes whole in one call. */
function readShort(path: string): string | null {
  return readWith(path, readOnce)
}

function readWith(path: string, read: (file: number) => string): string | null {
  let file: number
  try {
    file = openSync(path, 'r')
  } catch {
    return null
  }
  try {
    return read(file)
  } catch {
    return null
  } finally {
    closeSync(file)
  }
}

const buffer = Buffer.allocUnsafe(64 * 1024)

function readOnce(file: number): string {
  return buffer.toString('latin1', 0, readSync(file, buffer, 0, buffer.length, null))
}

/** Files of `/proc` have no size, and the kernel may hand over less than there is: read until nothing comes. */
function readAll(file: number): string {
  let text = ''
  for (;;) {
    const length = readSync(file, buffer, 0, buffer.length, null)
    if (length === 0) return text
    text += buffer.toString('latin1', 0, length)
  }
}

/** From the vector that the kernel gives to every program: 64 KiB on some arm64 machines. */
function pageBytes(): number {
  page ??= readPageBytes() ?? 4096
  return page
}
let page: number | undefined

const AT_PAGESZ = 6n
function readPageBytes(): number | null {
  try {
    const vector = readFileSync('/proc/self/auxv')
    for (let at = 0; at + 16 <= vector.length; at += 16) {
      if (vector.readBigUInt64LE(at) === AT_PAGESZ) return Number(vector.readBigUInt64LE(at + 8))
    }
    return null
  } catch {
    return null
  }
}
