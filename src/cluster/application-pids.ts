import type { AttemptId } from '../core/model.ts'
import type { Stranger } from '../node/observe/other-programs.ts'
import { readPids, readProc, readProcessStat } from '../os/proc.ts'

/** `0`, `1` … as srun counts them, or `batch`, `extern`, `interactive`. */
export type StepName = string

/** What is asked of the operating system. Nothing here waits, and nothing throws. */
export interface ProcessReads {
  /** Every process that can be seen. */
  pids(): readonly number[]
  /** null: it is gone. */
  stat(pid: number): { readonly startTicks: number; readonly parent: number; readonly name: string } | null
  /** `/proc/PID/environ`, as the process was executed with; null: it is gone, or another user's. */
  environment(pid: number): string | null
  /** `/proc/PID/cgroup` */
  controlGroups(pid: number): string | null
}

export interface ApplicationPidsOptions {
  /** The job's ids: of a heterogeneous job those of all components. */
  readonly jobs: readonly string[]
  /** SLURMD_NODENAME: in some tests and sites one machine serves several nodes. null: none of the job's nodes. */
  readonly node: string | null
  /** This process. It and its descendants are not the application's: the supervisor knows its own tree otherwise. */
  readonly agent: number
  /** Steps that odop itself has started, such as that of the agents. */
  readonly ownSteps: ReadonlySet<StepName>
  /** Names of variables that only odop's own processes have: whoever carries one is odop's, in whatever step. */
  readonly ownVariables: readonly string[]
  /** The one that names the attempt of which a process is a rank; default: there are none. */
  readonly rankVariable?: string
  readonly reads?: ProcessReads
}

/**
 * Which processes on this node belong to the job's steps. Ranks are children of slurmstepd, not of srun; what tells
 * whose they are is, in this order, their control group, the environment that they were executed with, and their parent.
 */
export class ApplicationPids {
  readonly #options: ApplicationPidsOptions
  readonly #reads: ProcessReads
  readonly #known = new Map<number, Known>()
  #slurms: number[] = []
  #looks = 0

  constructor(options: ApplicationPidsOptions) {
    this.#options = options
    this.#reads = options.reads ?? linuxReads
  }

  /**
   * The live processes of the application by step, at this moment. `batch` and `interactive` hold what the job's script has
   * started beside the supervisor. A look reads little of those that were there at the look before.
   */
  look(): Map<StepName, number[]> {
    const pids = this.#reads.pids()
    this.#forgetAllBut(new Set(pids))
    this.#looks++
    const judged = new Map<number, Known | null>()
    this.#slurms = []
    const steps = new Map<StepName, number[]>()
    for (const pid of pids) {
      const owner = this.#judge(pid, judged)?.owner
      if (typeof owner !== 'object' || 'attempt' in owner || this.#options.ownSteps.has(owner.step)) continue
      const members = steps.get(owner.step)
      if (members) members.push(pid)
      else steps.set(owner.step, [pid])
    }
    return steps
  }

  /** Of the last look: who is neither the application's nor odop's, but for the kernel's own threads. */
  strangers(): Stranger[] {
    const strangers = this.#slurms.map(pid => ({ pid, startsRanks: true }))
    for (const [pid, { owner, parent }] of this.#known) {
      if (owner === 'stranger' && parent !== KERNEL_THREADS && pid !== KERNEL_THREADS)
        strangers.push({ pid, startsRanks: false })
    }
    return strangers
  }

  /** What the last look has found of attempts' ranks: those that are below no other one of the same attempt. */
  ranks(): Map<AttemptId, RanksHere> {
    const found = new Map<AttemptId, RanksHere>()
    for (const [pid, { owner, parent }] of this.#known) {
      if (typeof owner !== 'object' || !('attempt' in owner)) continue
      const above = this.#known.get(parent)?.owner
      if (typeof above === 'object' && 'attempt' in above && above.attempt === owner.attempt) continue
      const ranks = found.get(owner.attempt) ?? { pids: [], places: owner.places }
      ranks.pids.push(pid)
      found.set(owner.attempt, ranks)
    }
    return found
  }

  #forgetAllBut(pids: ReadonlySet<number>): void {
    for (const pid of this.#known.keys()) if (!pids.has(pid)) this.#known.delete(pid)
  }

  /** null: it is gone. */
  #judge(pid: number, judged: Map<number, Known | null>): Known | null {
    const already = judged.get(pid)
    if (already !== undefined) return already
    // Parents that change meanwhile must not lead in a circle.
    judged.set(pid, null)
    const known = this.#stillKnown(pid) ?? this.#meet(pid, judged)
    judged.set(pid, known)
    if (known === null || known.owner === 'undecided') this.#known.delete(pid)
    else this.#known.set(pid, known)
    return known
  }

  /**
   * Strangers are the most by far, so only some of them are met anew at each look: a pid may have been used again, and a
   * process may have executed a program with another environment.
   */
  #stillKnown(pid: number): Known | null {
    const known = this.#known.get(pid)
    if (known === undefined) return null
    if (known.owner === 'stranger') return pid % TURNS === this.#looks % TURNS ? null : known
    return this.#reads.stat(pid)?.startTicks === known.startTicks ? known : null
  }

  #meet(pid: number, judged: Map<number, Known | null>): Known | null {
    const stat = this.#reads.stat(pid)
    if (stat === null) return null
    const { startTicks, name, parent } = stat
    // Slurm's own; a rank has this name, and not yet its environment, until its program is executed.
    if (name === 'slurmstepd') {
      this.#slurms.push(pid)
      return { startTicks, parent, owner: 'undecided' }
    }
    if (pid === this.#options.agent) return { startTicks, parent, owner: 'odop' }
    const parentsOwner = parent > 1 ? this.#judge(parent, judged)?.owner : undefined
    if (parentsOwner === 'odop') return { startTicks, parent, owner: 'odop' }
    const owner = this.#ownerByItself(pid) ?? parentsOwner
    return { startTicks, parent, owner: owner === undefined || owner === 'undecided' ? 'stranger' : owner }
  }

  /** null: neither its control group nor its environment says anything. */
  #ownerByItself(pid: number): Owner | null {
    const { jobs, node, ownVariables, rankVariable } = this.#options
    const group = stepOfControlGroup(this.#reads.controlGroups(pid))
    if (group !== null && !jobs.includes(group.job)) return 'stranger'
    const environment = `\0${this.#reads.environment(pid) ?? ''}`
    const runsOn = variable(environment, 'SLURMD_NODENAME')
    const job = group?.job ?? variable(environment, 'SLURM_JOB_ID')
    const attempt = rankVariable === undefined ? null : variable(environment, rankVariable)
    if (attempt !== null && runsOn === node && jobs.includes(job ?? ''))
      return { attempt, places: variable(environment, 'ODOP_CORES_BY_NODE') ?? '' }
    if (ownVariables.some(name => variable(environment, name) !== null)) return 'odop'
    if (job === null) return null
    const elsewhere = group === null ? runsOn !== node : runsOn !== null && runsOn !== node
    if (elsewhere || !jobs.includes(job)) return 'stranger'
    return { step: group?.step ?? stepName(variable(environment, 'SLURM_STEP_ID')) }
  }
}

/** kthreadd, the parent of all threads of the kernel. */
const KERNEL_THREADS = 2
/** Each stranger is met anew at one look in so many. */
const TURNS = 16

interface Known {
  readonly startTicks: number
  readonly parent: number
  readonly owner: Owner
}

/** `places`: which cores of which nodes the attempt has, as its ranks are told. */
interface OwnRank {
  readonly attempt: AttemptId
  readonly places: string
}

export interface RanksHere {
  readonly pids: number[]
  readonly places: string
}

/** `undecided`: to be looked at again. */
type Owner = { readonly step: StepName } | OwnRank | 'odop' | 'stranger' | 'undecided'

/**
 * `/slurm/uid_1000/job_12/step_0/task_0` in version 1, `/system.slice/slurmstepd.scope/job_12/step_batch/user/task_0` in
 * version 2; null where Slurm does not use control groups.
 */
function stepOfControlGroup(text: string | null): { readonly job: string; readonly step: StepName } | null {
  const [, job, step] = /\/job_(\d+)\/step_([^/\n]+)/.exec(text ?? '') ?? []
  return job === undefined || step === undefined ? null : { job, step: stepName(step) }
}

/** Without a step: what the batch script has started. */
function stepName(step: string | null): StepName {
  return step === null ? 'batch' : (SPECIAL_STEPS[step] ?? step)
}

/** SLURM_EXTERN_CONT, SLURM_BATCH_SCRIPT and SLURM_INTERACTIVE_STEP of Slurm's `slurm.h`. */
const SPECIAL_STEPS: Readonly<Record<string, StepName>> = {
  '4294967292': 'extern',
  '4294967291': 'batch',
  '4294967290': 'interactive',
}

/** @param environment entries that each begin with a zero byte */
function variable(environment: string, name: string): string | null {
  const at = environment.indexOf(`\0${name}=`)
  if (at < 0) return null
  const from = at + name.length + 2
  const end = environment.indexOf('\0', from)
  return environment.slice(from, end < 0 ? undefined : end)
}

const linuxReads: ProcessReads = {
  pids: readPids,
  stat: readProcessStat,
  environment: pid => readProc(`/proc/${pid}/environ`),
  controlGroups: pid => readProc(`/proc/${pid}/cgroup`),
}
