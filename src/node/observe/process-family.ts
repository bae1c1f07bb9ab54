import type { ProcessLook, System, Walk } from './system.ts'

/** Which family a process belongs to: one at most, and it stays in it. */
export type FamilyRegister = Map<number, ProcessFamily>

/** What a look at a family found, compared with the look before. */
export interface FamilyLook {
  /** CPU time that members used and that was seen at themselves. */
  readonly selfSeconds: number
  /**
   * All that was known of the CPU time of members that ended and that a process outside of the family waits for, by
   * the pid of that process (as far as it can be known): there it will be found again.
   */
  readonly endedElsewhere: ReadonlyMap<number, number>
}

export interface FamilyOptions {
  readonly root: number
  /** `false`: only what the root has started belongs to the family, and the root merely waits for it. */
  readonly countRoot: boolean
  /** See `OdopProcessesOptions`. */
  keeper?(): number | null
  readonly system: System
  readonly register: FamilyRegister
}

/**
 * A process with all that it started, seen from look to look without losing CPU time. While a process lives, its own
 * times tell what it used. When it has ended and was waited for, all its time is in its parent's `childSeconds`: also
 * what it used after the last look at it, or all of it if it came and went between two looks. So from look to look
 *
 *     used = growth of own times + (growth of child times - what was known of those that ended)
 *
 * The second summand needs to know what ended in other families: it is asked for apart, by `closeLook`, after all
 * families have been looked at. Parents are always read before their children, so that whatever a parent has waited
 * for by then is found to be gone.
 */
export class ProcessFamily {
  readonly root: number
  readonly #options: FamilyOptions
  #members = new Map<number, ProcessLook>()
  #listed: readonly ProcessLook[] = []
  #memoryBytes = 0
  #rootStartTicks: number | null = null
  #looked = false
  /** Growth of child times, and what ended in the family itself, in the look that is not closed yet. */
  #childSeconds = 0
  #endedSeconds = 0
  /** What ended before, and that the one that waits for it has not shown yet. */
  #owedSeconds = 0

  constructor(options: FamilyOptions) {
    this.root = options.root
    this.#options = options
    options.register.set(options.root, this)
  }

  /** All that were alive, or zombies, at the last look; the root only if it counts. */
  get members(): readonly ProcessLook[] {
    return this.#listed
  }

  /** The parent of the root at the last look; null: the root has ended, or was not looked at yet. */
  get parent(): number | null {
    return this.#members.get(this.root)?.parent ?? null
  }

  /** It was looked at, and nothing is left of it. */
  get extinct(): boolean {
    return this.#looked && this.#members.size === 0
  }

  get memoryBytes(): number {
    return this.#memoryBytes
  }

  /** @param walk finds new members too; null: a cheap look at those that are known */
  look(walk: Walk | null): FamilyLook {
    const before = this.#members
    this.#looked = true
    this.#members = this.#meet(before, walk)
    this.#list()
    let selfSeconds = 0
    for (const [pid, now] of this.#members) {
      const then = before.get(pid)
      const known = then && isSame(then, now) ? then : null
      this.#childSeconds += growth(known?.childSeconds, now.childSeconds)
      if (pid !== this.root || this.#options.countRoot)
        selfSeconds += growth(known?.selfSeconds, now.selfSeconds)
    }
    return { selfSeconds, endedElsewhere: this.#forgetEnded(before) }
  }

  /**
   * CPU time of processes that members have waited for, as far as it was not known before. Where it does not reach
   * what was known, some process ended just between the look at its parent and at itself: the parent shows it at the
   * next look. Later than that it never will: a parent that ignores SIGCHLD makes the kernel drop the time.
   *
   * @param endedHereSeconds what was known of processes of other families that ended and that members wait for
   */
  closeLook(endedHereSeconds: number): number {
    const known = this.#endedSeconds + endedHereSeconds
    const unseen = this.#childSeconds - known - this.#owedSeconds
    this.#owedSeconds = Math.min(known, Math.max(0, -unseen))
    this.#childSeconds = 0
    this.#endedSeconds = 0
    return Math.max(0, unseen)
  }

  /** Asked for at every look at the node, while this family may be large and is looked at only now and then. */
  #list(): void {
    const members = [...this.#members.values()]
    this.#listed = this.#options.countRoot ? members : members.filter(({ pid }) => pid !== this.root)
    this.#memoryBytes = this.#listed.reduce((bytes, member) => bytes + member.memoryBytes, 0)
  }

  #meet(before: ReadonlyMap<number, ProcessLook>, walk: Walk | null): Map<number, ProcessLook> {
    const met = new Map<number, ProcessLook>()
    this.#meetFrom(this.root, look => this.#isRoot(look), { met, before, walk })
    // Members whose parent has ended have another one now, and the kernel may skip a child while others come and go.
    for (const [pid, then] of before) {
      if (!met.has(pid) && pid !== this.root)
        this.#meetFrom(pid, now => isSame(then, now), { met, before, walk })
    }
    return met
  }

  #meetFrom(start: number, isRight: (look: ProcessLook) => boolean, meeting: Meeting): void {
    const { met, walk } = meeting
    const queue: Found[] = [{ pid: start, parent: null }]
    for (const found of queue) {
      const { pid } = found
      if (met.has(pid) || this.#belongsToAnother(pid)) continue
      const look = this.#lookAt(found, meeting)
      if (look === null || (pid === start && !isRight(look))) continue
      met.set(pid, look)
      this.#options.register.set(pid, this)
      if (!walk || look.zombie) continue
      const mainThread = pid === this.#options.keeper?.()
      for (const child of walk.children(look, mainThread)) queue.push({ pid: child, parent: pid })
    }
  }

  /** What has not run since may be as it was before, but for its parent. */
  #lookAt({ pid, parent }: Found, { before, walk }: Meeting): ProcessLook | null {
    const { system } = this.#options
    if (walk === null || parent === null) return system.process(pid)
    const look = walk.process(pid, before.get(pid) ?? null)
    return look === null || look.parent === parent ? look : system.process(pid)
  }

  #belongsToAnother(pid: number): boolean {
    const owner = this.#options.register.get(pid)
    return owner !== undefined && owner !== this
  }

  /** Not another process that got the pid after the root's end. */
  #isRoot({ startTicks }: ProcessLook): boolean {
    this.#rootStartTicks ??= startTicks
    return startTicks === this.#rootStartTicks
  }

  #forgetEnded(before: ReadonlyMap<number, ProcessLook>): Map<number, number> {
    const endedElsewhere = new Map<number, number>()
    for (const [pid, then] of before) {
      const now = this.#members.get(pid)
      if (now && isSame(then, now)) continue
      // A root stays registered until its family is dismissed: what it left behind must not be taken for others'.
      if (!now && pid !== this.root && !this.#belongsToAnother(pid)) this.#options.register.delete(pid)
      const seconds = then.selfSeconds + then.childSeconds
      const waiting = this.#whoWaitsFor(then, before)
      if (this.#members.has(waiting)) this.#endedSeconds += seconds
      else endedElsewhere.set(waiting, (endedElsewhere.get(waiting) ?? 0) + seconds)
    }
    return endedElsewhere
  }

  /** The nearest ancestor that lives, or is not of this family. */
  #whoWaitsFor(ended: ProcessLook, before: ReadonlyMap<number, ProcessLook>): number {
    let parent = ended.parent
    // Bounded, since the looks at two members are not of the same moment and pids are used again.
    for (let steps = before.size; steps > 0 && !this.#members.has(parent); steps--) {
      const next = before.get(parent)
      if (next === undefined) break
      parent = next.parent
    }
    return parent
  }
}

interface Meeting {
  readonly met: Map<number, ProcessLook>
  readonly before: ReadonlyMap<number, ProcessLook>
  readonly walk: Walk | null
}

interface Found {
  readonly pid: number
  /** Whose child it was found to be; null: not found, but known from before. */
  readonly parent: number | null
}

function isSame(one: ProcessLook, other: ProcessLook): boolean {
  return one.startTicks === other.startTicks
}

/** Times may go back by a tick where the system rounds them. */
function growth(before: number | undefined, now: number): number {
  return Math.max(0, now - (before ?? 0))
}
