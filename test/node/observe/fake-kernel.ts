import type {
  CoreTimes,
  ProcessLook,
  System,
  ThreadId,
  ThreadTimes,
} from '../../../src/node/observe/system.ts'

interface FakeProcess {
  pid: number
  parent: number
  session: number
  zombie: boolean
  startTicks: number
  selfSeconds: number
  childSeconds: number
  memoryBytes: number
  threads: number
  delays: Map<number, number>
  /** CPU seconds of threads; those that are missing have used none. */
  runs: Map<number, number>
  cpuGroup: string
  allowedCores: readonly number[]
}

/** Processes that do what a test says, with the rules by which the kernel keeps their times. */
export class FakeKernel implements System {
  freeBytes = 1000
  readonly supervisor = 1
  readonly cores = new Map<number, CoreTimes>()
  readonly reaped: number[] = []
  /** By thread id. */
  readonly threadCores = new Map<number, number>()
  /** Called at every look at a process: for what happens in the middle of a walk. */
  onLook: (pid: number) => void = () => {}
  #processes = new Map<number, FakeProcess>()
  #starts = 0

  constructor() {
    this.fork(0, this.supervisor)
  }

  fork(parent: number, pid: number): number {
    this.#processes.set(pid, {
      pid,
      parent,
      session: 1,
      zombie: false,
      startTicks: ++this.#starts,
      selfSeconds: 0,
      childSeconds: 0,
      memoryBytes: 0,
      threads: 1,
      delays: new Map(),
      runs: new Map(),
      cpuGroup: '/',
      allowedCores: [0],
    })
    return pid
  }

  burn(pid: number, seconds: number): void {
    this.#at(pid).selfSeconds += seconds
  }

  set(
    pid: number,
    values: Partial<
      Pick<FakeProcess, 'memoryBytes' | 'threads' | 'delays' | 'runs' | 'cpuGroup' | 'allowedCores'>
    >,
  ): void {
    Object.assign(this.#at(pid), values)
  }

  /** Its children get the supervisor as parent. */
  exit(pid: number): void {
    this.#at(pid).zombie = true
    for (const child of this.#processes.values()) if (child.parent === pid) child.parent = this.supervisor
  }

  /** The parent waits for it. */
  wait(pid: number): void {
    const { parent, selfSeconds, childSeconds } = this.#at(pid)
    this.#at(parent).childSeconds += selfSeconds + childSeconds
    this.#processes.delete(pid)
  }

  /** The parent ignores SIGCHLD. */
  vanish(pid: number): void {
    this.exit(pid)
    this.#processes.delete(pid)
  }

  has(pid: number): boolean {
    return this.#processes.has(pid)
  }

  coreTimes(): ReadonlyMap<number, CoreTimes> {
    return new Map(this.cores)
  }

  process(pid: number): ProcessLook | null {
    this.onLook(pid)
    const found = this.#processes.get(pid)
    return found ? { ...found } : null
  }

  startWalk() {
    const all = [...this.#processes.values()]
    return {
      process: (pid: number) => this.process(pid),
      children: ({ pid }: ProcessLook) => all.filter(({ parent }) => parent === pid).map(child => child.pid),
      threadTimes: ({ pid }: ProcessLook) =>
        new Map(
          [...(this.#processes.get(pid)?.delays.keys() ?? [])].flatMap(thread => {
            const times = this.threadTimes({ pid, thread })
            return times ? [[thread, times] as const] : []
          }),
        ),
    }
  }

  threadTimes({ pid, thread }: ThreadId): ThreadTimes | null {
    const found = this.#processes.get(pid)
    const delaySeconds = found?.delays.get(thread)
    return delaySeconds === undefined ? null : { runSeconds: found?.runs.get(thread) ?? 0, delaySeconds }
  }

  threadCore({ thread }: ThreadId): number | null {
    return this.threadCores.get(thread) ?? null
  }

  allowedCores(pid: number): readonly number[] | null {
    return this.#processes.get(pid)?.allowedCores ?? null
  }

  cpuGroup(pid: number): string | null {
    return this.#processes.get(pid)?.cpuGroup ?? null
  }

  availableMemoryBytes(): number {
    return this.freeBytes
  }

  proportionalMemoryBytes(pid: number): number | null {
    return this.#processes.get(pid)?.memoryBytes ?? null
  }

  reap(pid: number): void {
    this.reaped.push(pid)
    this.wait(pid)
  }

  #at(pid: number): FakeProcess {
    const found = this.#processes.get(pid)
    if (!found) throw new Error(`no process ${pid}`)
    return found
  }
}
