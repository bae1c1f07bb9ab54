import type { ChildProcess } from 'node:child_process'
import { judgeGpu, UNSEEN_GPU } from '../../../core/gpus.ts'
import type { Gpu, GpuIndex, GpuState, GpuUsage } from '../../../core/model.ts'
import { allocatedGpus, namesGpus } from './allocated.ts'
import type { GpuPrograms } from './find-tools.ts'
import { type GpuAccount, newAccount, usageOf } from './gpu-account.ts'
import { nvidiaSmi } from './nvidia-smi.ts'
import { rocmSmi } from './rocm-smi.ts'
import { runTool, ToolHangs } from './run-tool.ts'
import type { GpuTool, SeenGpu } from './tool.ts'

export interface GpuWatchOptions {
  readonly programs: GpuPrograms
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Use under which a GPU counts as idle, as a share. */
  readonly threshold: number
  readonly now: () => number
  /** What attempts hold at this moment. */
  readonly held: () => ReadonlySet<GpuIndex>
  /** Whether a process belongs to an attempt; null: it can't be seen from here. */
  readonly isOwn: (pid: number) => boolean | null
  /** False once it has ended: then there is nobody to leave GPUs to. */
  readonly applicationRuns: () => boolean
  /** Which there are; told again, with none, when they can't be looked at any more. */
  readonly onKnown: (gpus: readonly Gpu[]) => void
  readonly onNote: (text: string) => void
  /** For tests. */
  readonly times?: Partial<typeof TIMES>
}

const TIMES = {
  /** While something depends on it: attempts on GPUs, or GPUs that are about to count as idle. */
  shortMs: 2_000,
  longMs: 10_000,
  /** A tool that is on a machine without a free core for it waits, too. */
  deadlineMs: 20_000,
  /** After an attempt the tool still counts what that has used. */
  afterglowMs: 2_000,
  /** A look takes from a tenth of a second to two, mostly in the driver: at most this share of the time. */
  mostShare: 0.05,
}
const MOST_FAILURES = 3

/**
 * Looks at the GPUs of this node now and then, through the tools of their makers: these are children with a deadline, and nothing
 * ever waits for them. Where they can't be used there are no GPUs for attempts.
 */
export class GpuWatch {
  readonly #options: GpuWatchOptions
  readonly #times: typeof TIMES
  /** Once it is known which tool tells of GPUs that may be used: only that one. */
  #tools: readonly GpuTool[]
  readonly #accounts = new Map<GpuIndex, GpuAccount>()
  readonly #releasedAt = new Map<GpuIndex, number>()
  #isKnown = false
  #isDropped = false
  #child: ChildProcess | null = null
  #timer: NodeJS.Timeout | null = null
  #lookedAt: number
  #failures = 0

  constructor(options: GpuWatchOptions) {
    this.#options = options
    this.#times = { ...TIMES, ...options.times }
    this.#tools = [nvidiaSmi, rocmSmi].filter(tool => this.#fileOf(tool) !== null)
    this.#lookedAt = options.now()
    void this.#look()
  }

  /** undefined: there are none, or nothing is known yet. */
  get states(): readonly GpuState[] | undefined {
    if (!this.#isKnown || this.#isDropped || this.#accounts.size === 0) return undefined
    const isFree = !this.#options.applicationRuns()
    return [...this.#accounts].map(([index, { judgement }]) => ({
      index,
      judged: isFree ? 'idle' : judgement.judged,
    }))
  }

  /** Until the last look; undefined: as above. */
  get usage(): readonly GpuUsage[] | undefined {
    return this.#accounts.size === 0 ? undefined : [...this.#accounts].map(usageOf)
  }

  /** As in `NodeMeasurement.gpuMemoryBytes`. */
  get memoryBytes(): readonly (number | null)[] | null {
    return this.#isKnown ? [...this.#accounts.values()].map(({ usedMemoryBytes }) => usedMemoryBytes) : null
  }

  /** The tool, while it runs. */
  get pids(): readonly number[] {
    return this.#child?.pid === undefined ? [] : [this.#child.pid]
  }

  /** An attempt that held these has ended. */
  released(gpus: readonly GpuIndex[]): void {
    for (const index of gpus) this.#releasedAt.set(index, this.#options.now())
  }

  close(): void {
    this.#isDropped = true
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#child?.kill('SIGKILL')
  }

  async #look(): Promise<void> {
    const began = performance.now()
    try {
      for (const tool of this.#tools) if (await this.#lookWith(tool)) break
      this.#failures = 0
      if (!this.#isKnown) this.#nothingHere()
    } catch (error) {
      this.#failed(error)
    }
    if (this.#isDropped) return
    const pause = Math.max(this.#pause(), (performance.now() - began) / this.#times.mostShare)
    this.#timer = setTimeout(() => void this.#look(), pause).unref()
  }

  #pause(): number {
    const { shortMs, longMs } = this.#times
    const isUnsure = [...this.#accounts.values()].some(
      ({ judgement }) => judgement.quietLooks > 0 && judgement.judged === 'busy',
    )
    return isUnsure || this.#failures > 0 || this.#options.held().size > 0 ? shortMs : longMs
  }

  /** False: it tells of no GPU that may be used. */
  async #lookWith(tool: GpuTool): Promise<boolean> {
    const { environment } = this.#options
    const file = this.#fileOf(tool)
    if (file === null) return false
    const { deadlineMs } = this.#times
    const onChild = (child: ChildProcess | null) => {
      this.#child = child
    }
    const ask = (words: readonly string[]) => runTool({ file, words, environment, deadlineMs, onChild })
    const seen = await tool.look(ask).catch((error: unknown) => {
      throw new ToolFailure(tool.program, error)
    })
    if (this.#isDropped) return true
    const gpus = this.#isKnown ? seen : allocatedGpus(environment, tool.maker, seen)
    if (!this.#isKnown && gpus.length === 0) return false
    if (!this.#isKnown) this.#known(tool, gpus)
    this.#take(gpus)
    return true
  }

  #known(tool: GpuTool, gpus: readonly SeenGpu[]): void {
    this.#isKnown = true
    this.#tools = [tool]
    for (const { index } of gpus) this.#accounts.set(index, newAccount(UNSEEN_GPU))
    this.#options.onKnown(gpus.map(({ index }) => ({ index, maker: tool.maker })))
  }

  #take(gpus: readonly SeenGpu[]): void {
    const now = this.#options.now()
    const seconds = Math.max(0, now - this.#lookedAt) / 1000
    this.#lookedAt = now
    const held = this.#options.held()
    for (const [index, account] of this.#accounts) {
      const gpu = gpus.find(each => each.index === index)
      // It has fallen off the bus.
      if (gpu === undefined) account.judgement = UNSEEN_GPU
      else this.#takeOne(account, gpu, { seconds, isHeld: held.has(index) || this.#isAglow(index, now) })
    }
  }

  #takeOne(
    account: GpuAccount,
    gpu: SeenGpu,
    { seconds, isHeld }: { readonly seconds: number; readonly isHeld: boolean },
  ): void {
    const { useShare, usedMemoryBytes, memoryBytes, pids } = gpu
    const { isOwn, threshold } = this.#options
    // What can't be seen from here may be an attempt's own where there is one.
    const foreign = pids.some(pid => (isHeld ? isOwn(pid) === false : isOwn(pid) !== true))
    const memoryShare = usedMemoryBytes === null || !memoryBytes ? null : usedMemoryBytes / memoryBytes
    const look = { useShare, memoryShare, foreign, held: isHeld }
    account.judgement = judgeGpu(account.judgement, look, seconds, threshold)
    if (useShare !== null) {
      account.knownSeconds += seconds
      account.usedSeconds += seconds * useShare
    }
    account.memoryBytes = memoryBytes ?? account.memoryBytes
    account.usedMemoryBytes = usedMemoryBytes
    if (usedMemoryBytes !== null)
      account.peakMemoryBytes = Math.max(account.peakMemoryBytes ?? 0, usedMemoryBytes)
  }

  #isAglow(index: GpuIndex, now: number): boolean {
    const releasedAt = this.#releasedAt.get(index)
    return releasedAt !== undefined && now - releasedAt < this.#times.afterglowMs
  }

  #fileOf({ program }: GpuTool): string | null {
    return this.#options.programs[program]
  }

  #nothingHere(): void {
    this.#isKnown = true
    this.#isDropped = true
    this.#options.onKnown([])
  }

  #failed(error: unknown): void {
    if (this.#isDropped) return
    this.#failures += 1
    const isExpected = this.#isKnown || namesGpus(this.#options.environment)
    const isHanging = error instanceof ToolFailure && error.cause instanceof ToolHangs
    if (isExpected && !isHanging && this.#failures < MOST_FAILURES) return
    // Where nobody has spoken of GPUs, a tool without a driver is as good as none.
    if (isExpected || isHanging) this.#options.onNote(`GPUs are left alone: ${textOf(error)}`)
    this.#nothingHere()
  }
}

class ToolFailure extends Error {
  constructor(program: string, cause: unknown) {
    super(`${program}: ${textOf(cause)}`, { cause })
  }
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
