import { createRequire } from 'node:module'

/**
 * The few Linux system calls that Node lacks, called in libc through koffi. Where koffi or a call is missing (other
 * systems, other C libraries), `systemCalls()` is null and callers fall back to util-linux or do without, as each says.
 * Numbers are those of the kernel's headers for x86-64 and arm64, which agree on all of them but `ioprio_set`.
 */
export interface SystemCalls {
  /** Orphaned descendants become children of this process: `prctl(PR_SET_CHILD_SUBREAPER)`. */
  becomeSubreaper(): boolean
  /** The kernel sends SIGKILL to this process when its parent dies: `prctl(PR_SET_PDEATHSIG)`. */
  dieWithParent(): boolean
  /** Makes this process the leader of a process group of its own, in the same session. */
  leadProcessGroup(): boolean
  /** Makes this process the leader of a session of its own, and of a process group in it. */
  leadSession(): boolean
  /** SCHED_IDLE, nice 19 and the idle I/O class for one thread (0: the calling one); true when all three took effect. */
  runWhenIdle(thread: number): boolean
  /** Pins one thread (0: the calling one) to these cores. */
  setAffinity(thread: number, cores: readonly number[]): boolean
  /** Reaps the given child if it is a zombie, without waiting; its CPU seconds with all that it waited for, or null. */
  reap(pid: number): { readonly status: number; readonly cpuSeconds: number } | null
  /** A child of this process that is a zombie, which it stays; null: there is none. */
  zombieChild(): number | null
  /** `flock` with `LOCK_NB`: true, false when somebody else is in the way, null when the file system has no locks. */
  lock(fd: number, kind: 'exclusive' | 'shared'): boolean | null
  /** `dup2`: makes `to` refer to what `from` refers to. */
  duplicateOnto(from: number, to: number): boolean
  /** `_exit`: ends this process at once, without what Node and C libraries do at the end. Does not return. */
  exitAtOnce(code: number): void
  /** Whether programs that are executed from here on get this descriptor: `fcntl(F_SETFD)`. */
  setInheritable(fd: number, inheritable: boolean): boolean
  /**
   * Takes a read lease on an open file and gives it back at once: `fcntl(F_SETLEASE)`. `busy`: somebody has it open for
   * writing; `unknown`: there are no leases for this file. Whoever opens it to write meanwhile makes the kernel send us SIGURG.
   */
  probeLease(fd: number): 'free' | 'busy' | 'unknown'
  /** Who is at the other end of a connection through a socket in the file system (`SO_PEERCRED`): a user's number, or null. */
  peerUser(fd: number): number | null
  /** The soft limit of open files (Node raises its own to the hard limit; the application must not inherit that). */
  setOpenFilesLimit(soft: number): number | null
}

/** Loaded at the first call, once; null when it can't be. */
export function systemCalls(): SystemCalls | null {
  if (loaded === undefined)
    loaded = process.platform === 'linux' && !process.env['ODOP_NO_NATIVE'] ? load() : null
  return loaded
}

let loaded: SystemCalls | null | undefined

type Native = (...values: (number | bigint | Buffer)[]) => number

interface Koffi {
  load(library: string): { func(prototype: string): Native }
  errno(): number
}

const PR_SET_PDEATHSIG = 1
const PR_SET_CHILD_SUBREAPER = 36
const SIGKILL = 9
const SCHED_IDLE = 5
const PRIO_PROCESS = 0
const IOPRIO_WHO_PROCESS = 1
const IOPRIO_CLASS_IDLE = 3 << 13
const SYS_IOPRIO_SET: Readonly<Record<string, number>> = { x64: 251, arm64: 30 }
const WNOHANG = 1
const P_ALL = 0
const WEXITED = 4
const WNOWAIT = 0x01000000
const SIGINFO_BYTES = 128
const SI_PID_OFFSET = 16
const LOCK_EX_NB = 2 | 4
const LOCK_SH_NB = 1 | 4
const EWOULDBLOCK = 11
const F_SETFD = 2
const FD_CLOEXEC = 1
const F_SETSIG = 10
const F_SETLEASE = 1024
const F_RDLCK = 0
const F_UNLCK = 2
const SIGURG = 23
const EAGAIN = 11
const RLIMIT_NOFILE = 7
const SOL_SOCKET = 1
const SO_PEERCRED = 17
/** `struct ucred`: process, user, group, of 32 bits each. */
const UCRED_BYTES = 12
/** sizeof(cpu_set_t) would be 128; larger machines need more, and the kernel accepts any multiple of 8. */
const CPU_SET_BYTES = 1024
const RUSAGE_BYTES = 144

function load(): SystemCalls | null {
  try {
    const koffi = createRequire(import.meta.url)('koffi') as Koffi
    return bind(koffi)
  } catch {
    return null
  }
}

function bind(koffi: Koffi): SystemCalls {
  const libc = koffi.load('libc.so.6')
  const lazily = (prototype: string): Native => {
    let native: Native | undefined
    return (...values) => {
      native ??= libc.func(prototype)
      return native(...values)
    }
  }
  const prctl = lazily('int prctl(int, ulong, ulong, ulong, ulong)')
  const setpgid = lazily('int setpgid(int, int)')
  const setsid = lazily('int setsid()')
  const schedSetscheduler = lazily('int sched_setscheduler(int, int, const void *)')
  const setpriority = lazily('int setpriority(int, int, int)')
  const syscall = lazily('long syscall(long, long, long, long)')
  const schedSetaffinity = lazily('int sched_setaffinity(int, size_t, const void *)')
  const wait4 = lazily('int wait4(int, void *, int, void *)')
  const waitid = lazily('int waitid(int, uint, void *, int)')
  const flock = lazily('int flock(int, int)')
  const dup2 = lazily('int dup2(int, int)')
  const fcntl = lazily('int fcntl(int, int, long)')
  const getrlimit = lazily('int getrlimit(int, void *)')
  const exit = lazily('void _exit(int)')
  const getsockopt = lazily('int getsockopt(int, int, int, void *, void *)')
  const setrlimit = lazily('int setrlimit(int, const void *)')
  const ioprioSet = SYS_IOPRIO_SET[process.arch]

  return {
    becomeSubreaper: () => prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) === 0,
    dieWithParent: () => prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) === 0,
    leadProcessGroup: () => setpgid(0, 0) === 0,
    leadSession: () => setsid() > 0,
    runWhenIdle: thread => {
      // The order matters: a nice value can still be raised under SCHED_IDLE, the policy can not be left again.
      const nice = setpriority(PRIO_PROCESS, thread, 19) === 0
      const idle = schedSetscheduler(thread, SCHED_IDLE, Buffer.alloc(4)) === 0
      const io =
        ioprioSet !== undefined && syscall(ioprioSet, IOPRIO_WHO_PROCESS, thread, IOPRIO_CLASS_IDLE) === 0
      return nice && idle && io
    },
    setAffinity: (thread, cores) => schedSetaffinity(thread, CPU_SET_BYTES, cpuSet(cores)) === 0,
    reap: pid => {
      const status = Buffer.alloc(4)
      const usage = Buffer.alloc(RUSAGE_BYTES)
      if (wait4(pid, status, WNOHANG, usage) !== pid) return null
      return { status: status.readInt32LE(0), cpuSeconds: cpuSecondsOf(usage) }
    },
    zombieChild: () => {
      const info = Buffer.alloc(SIGINFO_BYTES)
      if (waitid(P_ALL, 0, info, WNOHANG | WEXITED | WNOWAIT) !== 0) return null
      return info.readInt32LE(SI_PID_OFFSET) || null
    },
    lock: (fd, kind) => {
      if (flock(fd, kind === 'shared' ? LOCK_SH_NB : LOCK_EX_NB) === 0) return true
      return koffi.errno() === EWOULDBLOCK ? false : null
    },
    duplicateOnto: (from, to) => dup2(from, to) === to,
    probeLease: fd => {
      if (fcntl(fd, F_SETSIG, SIGURG) !== 0) return 'unknown'
      if (fcntl(fd, F_SETLEASE, F_RDLCK) !== 0) return koffi.errno() === EAGAIN ? 'busy' : 'unknown'
      fcntl(fd, F_SETLEASE, F_UNLCK)
      return 'free'
    },
    setInheritable: (fd, inheritable) => fcntl(fd, F_SETFD, inheritable ? 0 : FD_CLOEXEC) === 0,
    exitAtOnce: code => void exit(code),
    peerUser: fd => {
      const credentials = Buffer.alloc(UCRED_BYTES)
      const length = Buffer.alloc(4)
      length.writeUInt32LE(UCRED_BYTES)
      if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, credentials, length) !== 0) return null
      return length.readUInt32LE() === UCRED_BYTES ? credentials.readUInt32LE(4) : null
    },
    setOpenFilesLimit: soft => {
      const limits = Buffer.alloc(16)
      if (getrlimit(RLIMIT_NOFILE, limits) !== 0) return null
      const before = Number(limits.readBigUInt64LE(0))
      limits.writeBigUInt64LE(BigInt(soft), 0)
      return setrlimit(RLIMIT_NOFILE, limits) === 0 ? before : null
    },
  }
}

function cpuSet(cores: readonly number[]): Buffer {
  const set = Buffer.alloc(CPU_SET_BYTES)
  for (const core of cores) {
    const byte = core >> 3
    set.writeUInt8(set.readUInt8(byte) | (1 << (core & 7)), byte)
  }
  return set
}

/** `ru_utime` and `ru_stime` are the first two members: two `struct timeval` of two 64-bit numbers. */
function cpuSecondsOf(usage: Buffer): number {
  const seconds = (offset: number) =>
    Number(usage.readBigInt64LE(offset)) + Number(usage.readBigInt64LE(offset + 8)) / 1e6
  return seconds(0) + seconds(16)
}
