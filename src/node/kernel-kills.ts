import type { AttemptId, TaskDefinition } from '../core/model.ts'
import { formatSize } from '../core/units.ts'
import { readProc } from '../os/proc.ts'
import type { AttemptReport } from './agent.ts'
import { kernelKillCounter } from './observe/cgroups.ts'
import type { ReadText } from './observe/topology.ts'

type EndReport = Extract<AttemptReport, { type: 'ended' }>
type Kind = TaskDefinition['kind']

export interface KernelKillsOptions {
  /** The allocation's. */
  readonly limitBytes: number
  readonly read?: ReadText
}

/**
 * Finds out whether it was the kernel that killed an attempt, or a process of it, because memory had ended: then its
 * count of such kills is higher than at the attempt's beginning.
 */
export class KernelKills {
  readonly #limitBytes: number
  readonly #count: () => number | null
  readonly #running = new Map<AttemptId, { readonly count: number | null; readonly kind: Kind | null }>()
  #lastCount: number | null
  #countedAt = Number.NEGATIVE_INFINITY

  constructor({ limitBytes, read = readProc }: KernelKillsOptions) {
    this.#limitBytes = limitBytes
    this.#count = kernelKillCounter(read)
    this.#lastCount = this.#count()
  }

  /** Thousands may begin in a second: the count may be a little old. */
  began(
    { attempt, at }: { readonly attempt: AttemptId; readonly at: number },
    task: TaskDefinition | null,
  ): void {
    if (at - this.#countedAt >= LONGEST_AGE_MS || at < this.#countedAt) {
      this.#lastCount = this.#count()
      this.#countedAt = at
    }
    this.#running.set(attempt, { count: this.#lastCount, kind: task?.kind ?? null })
  }

  /** An end with what is known of its cause; its usage must hold what was seen of its memory already. */
  explained(report: AttemptReport): AttemptReport {
    if (report.type !== 'ended') return report
    const { count: before = null, kind = null } = this.#running.get(report.attempt) ?? {}
    this.#running.delete(report.attempt)
    const { failure } = report
    if (failure === null || !SIGKILLED.test(failure)) return report
    const count = this.#count()
    const isKnown = count !== null && before !== null
    if (isKnown && count > before) return { ...report, failure: this.#text(report, kind), forMemory: true }
    if (failure !== KILLED) return report
    const by = isKnown
      ? 'neither by odop nor by the kernel for memory'
      : 'perhaps by the kernel because memory had ended'
    return { ...report, failure: `${failure}, ${by}` }
  }

  #text({ failure, usage }: EndReport, kind: Kind | null): string {
    const what =
      failure !== KILLED
        ? `${failure}: a process of it was ended`
        : kind === 'command' || kind === 'script'
          ? 'its command was ended'
          : 'ended'
    const limit = `the allocation's limit is ${formatSize(this.#limitBytes)}`
    const used =
      usage.peakMemoryBytes > 0 ? `, and it was last seen to use ${formatSize(usage.peakMemoryBytes)}` : ''
    return `${what} by the kernel because memory had ended: ${limit}${used}`
  }
}

const LONGEST_AGE_MS = 100
const KILLED = 'killed by SIGKILL'
/** A shell says of a child that was killed by signal 9 that its exit code was 137. */
const SIGKILLED = /\bSIGKILL\b|\bexit code 137\b/
