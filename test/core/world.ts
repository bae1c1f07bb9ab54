import fc from 'fast-check'
import type { Action } from '../../src/core/actions.ts'
import type { OdopEvent } from '../../src/core/events.ts'
import { markFollowing, returnFollowers } from '../../src/core/followers.ts'
import type {
  AttemptId,
  CoreState,
  GpuState,
  ItemId,
  NodeFacts,
  Placement,
  Snapshot,
  TaskDefinition,
} from '../../src/core/model.ts'
import { partsOf } from '../../src/core/placement.ts'
import { policyNames } from '../../src/core/policies/policy.ts'
import type { PolicyPlacement } from '../../src/core/policies/question.ts'
import { retryAt } from '../../src/core/retry.ts'
import { schedule } from '../../src/core/schedule.ts'
import { apply, markTerminating, newState, type RunState } from '../../src/core/state.ts'
import {
  defined,
  facts,
  GB,
  hyperthreads,
  launched,
  SETTINGS,
  someGpus,
  started,
  T0,
  task,
} from './fixtures.ts'

/** A cluster in virtual time: carries out what `schedule` decides, as the engine does, and lets attempts end. */
export class World {
  readonly state: RunState = newState()
  readonly journal: OdopEvent[] = []
  now = T0
  remainingSeconds: number | null = null
  /** What a policy of the user's own wants; null: there is none. */
  proposed: readonly PolicyPlacement[] | null = null
  /** What the application does to cores (`node/core`) and GPUs (`node/gpuN`). */
  readonly judged = new Map<string, CoreState['judged']>()
  readonly endsAt = new Map<AttemptId, number>()
  readonly memory = new Map<AttemptId, number>()
  readonly nodes: readonly NodeFacts[]

  constructor(
    nodes: readonly NodeFacts[],
    tasks: readonly TaskDefinition[],
    settings: Partial<typeof SETTINGS> = {},
  ) {
    this.nodes = nodes
    this.record(launched(T0, settings))
    for (const node of nodes) this.record({ type: 'node-joined', at: T0, facts: node })
    for (const definition of tasks) this.record(defined(definition))
  }

  record(event: OdopEvent): void {
    this.journal.push(event)
    apply(this.state, event)
  }

  queue(name: string): void {
    const number = (this.state.tasks.get(name)?.queued ?? 0) + 1
    const item = {
      id: `${name}#${number}`,
      task: name,
      files: [`/f${number}`],
      version: null,
      queuedAt: this.now,
    }
    this.record({ type: 'item-queued', at: this.now, item })
  }

  look(): Snapshot {
    const nodes = this.nodes.map(node => {
      const attempts = [...this.state.running.values()].filter(({ placement }) =>
        partsOf(placement).some(part => part.node === node.name),
      )
      const samples = attempts.map(({ attempt }) => ({
        attempt,
        cpuSeconds: 0,
        memoryBytes: this.memory.get(attempt) ?? 0,
      }))
      const used = samples.reduce((sum, { memoryBytes }) => sum + memoryBytes, 0)
      return {
        node: node.name,
        cores: node.cores.map(core => {
          const judged = this.judged.get(`${node.name}/${core}`) ?? ('idle' as const)
          return { core, foreignShare: 0, judged, busySeconds: judged === 'busy' ? 10 : 0 }
        }),
        availableMemoryBytes: node.memoryLimitBytes - used,
        attempts: samples,
        ...(node.gpus === undefined ? {} : { gpus: node.gpus.map(gpu => this.gpuState(node, gpu.index)) }),
      }
    })
    return { nodes, remainingSeconds: this.remainingSeconds, proposed: this.proposed }
  }

  private gpuState({ name }: NodeFacts, index: number): GpuState {
    return { index, judged: this.judged.get(`${name}/gpu${index}`) === 'busy' ? 'busy' : 'idle' }
  }

  /** One turn of the engine's loop. `durationOf` says how long an attempt would run, `uses` what memory it takes. */
  turn(durationOf: (attempt: AttemptId) => number, uses: (attempt: AttemptId) => number = () => 0): Action[] {
    const actions = schedule(this.state, this.look(), this.now)
    for (const action of actions) this.perform(action, durationOf, uses)
    return actions
  }

  private perform(
    action: Action,
    durationOf: (a: AttemptId) => number,
    uses: (a: AttemptId) => number,
  ): void {
    const at = this.now
    switch (action.type) {
      case 'start':
        this.begin(action.attempt, action.placement, durationOf, uses)
        break
      case 'follow':
        for (const { item, attempt } of action.items) {
          if (!markFollowing(this.state, item, action.after)) throw new Error(`${item} can't follow`)
          this.followers.set(item, () => {
            const placement = this.placements.get(action.after)
            if (placement) this.begin(attempt, placement, durationOf, uses)
          })
        }
        break
      case 'suspend':
        this.record({ type: 'attempt-suspended', at, attempt: action.attempt, reason: action.reason })
        break
      case 'resume':
        this.record({ type: 'attempt-resumed', at, attempt: action.attempt })
        break
      case 'move':
        this.record({ type: 'attempt-moved', at, attempt: action.attempt, placement: action.placement })
        this.placements.set(action.attempt, action.placement)
        break
      case 'terminate':
        markTerminating(this.state, action.attempt)
        this.terminated.set(action.attempt, action)
        break
    }
  }

  private begin(
    attempt: AttemptId,
    placement: Placement,
    durationOf: (a: AttemptId) => number,
    uses: (a: AttemptId) => number,
  ): void {
    this.record(started(attempt, this.now, placement))
    this.placements.set(attempt, placement)
    this.endsAt.set(attempt, this.now + durationOf(attempt) * 1000)
    this.memory.set(attempt, uses(attempt))
  }

  private readonly placements = new Map<AttemptId, Placement>()
  private readonly followers = new Map<ItemId, () => void>()

  private readonly terminated = new Map<AttemptId, Extract<Action, { type: 'terminate' }>>()

  /** Time goes on: attempts that run end when their time has come, those that were told to end do so. */
  pass(seconds: number, fails: (attempt: AttemptId) => boolean = () => false): void {
    this.now += seconds * 1000
    for (const { attempt, suspendedSince } of [...this.state.running.values()]) {
      const told = this.terminated.get(attempt)
      if (told === undefined && suspendedSince !== null) {
        this.endsAt.set(attempt, (this.endsAt.get(attempt) ?? 0) + seconds * 1000)
      } else if (told !== undefined) this.end(attempt, told.outcome)
      else if ((this.endsAt.get(attempt) ?? 0) <= this.now)
        this.end(attempt, fails(attempt) ? 'failed' : 'completed')
    }
  }

  private end(attempt: AttemptId, outcome: Extract<OdopEvent, { type: 'attempt-ended' }>['outcome']): void {
    const running = this.state.running.get(attempt)
    const item = running && this.state.items.get(running.item)
    if (running === undefined || item === undefined) return
    const counted = outcome === 'failed' || outcome === 'timeout'
    const retry = {
      task: running.definition ?? task(),
      settings: SETTINGS,
      failures: item.failures + 1,
      now: this.now,
    }
    this.record({
      type: 'attempt-ended',
      at: this.now,
      attempt,
      item: running.item,
      task: running.task,
      outcome,
      reason: outcome === 'completed' ? null : 'because',
      usage: { wallSeconds: 1, cpuSeconds: 1, peakMemoryBytes: 1 },
      retryAt: counted ? retryAt(retry) : null,
    })
    this.endsAt.delete(attempt)
    this.memory.delete(attempt)
    const next = this.state.following.get(attempt)?.items[0]
    if (next !== undefined && !this.terminated.has(attempt)) this.followers.get(next)?.()
    else returnFollowers(this.state, attempt)
    this.terminated.delete(attempt)
  }
}

export const somePolicy: fc.Arbitrary<string> = fc.constantFrom(...policyNames)

export const someNodes: fc.Arbitrary<NodeFacts[]> = fc
  .array(
    fc.record({
      count: fc.constantFrom(1, 2, 4, 8),
      threads: fc.constantFrom(1, 2),
      yieldMode: fc.constantFrom('kernel' as const, 'suspend' as const),
      ownSessions: fc.boolean(),
      memory: fc.integer({ min: 1, max: 8 }),
      gpuCount: fc.integer({ min: 0, max: 3 }),
    }),
    { minLength: 1, maxLength: 3 },
  )
  .map(nodes =>
    nodes.map(({ count, threads, yieldMode, ownSessions, memory, gpuCount }, index) => {
      const smt = threads === 2 && count > 1
      const topology = smt ? { topology: hyperthreads(count, count > 4 ? 2 : 1) } : {}
      const gpus = someGpus(gpuCount)
      const memoryLimitBytes = memory * GB
      return {
        ...facts({ name: `n${index}`, count, yieldMode, memoryLimitBytes, gpus, ...topology }),
        ownSessions,
      }
    }),
  )

/** Of one node or several, each with as many ranks, or ranks wherever there is room. */
const someRanks: fc.Arbitrary<Pick<TaskDefinition, 'cpus' | 'mpi'>> = fc
  .record({
    nodes: fc.option(fc.constantFrom(1, 2, 3), { freq: 2 }),
    ranksPerNode: fc.constantFrom(1, 2, 3),
    cpusPerRank: fc.constantFrom(1, 2),
  })
  .map(({ nodes, ranksPerNode, cpusPerRank }) => ({
    cpus: cpusPerRank * (nodes === null ? 1 : ranksPerNode),
    mpi: { nodes, ranks: ranksPerNode * (nodes ?? 2), cpusPerRank, launch: null },
  }))

export const someTasks: fc.Arbitrary<TaskDefinition[]> = fc
  .array(
    fc.record({
      priority: fc.integer({ min: -5, max: 5 }),
      cpus: fc.constantFrom<number | 'all'>(1, 1, 1, 2, 3, 4, 'all'),
      memoryBytes: fc.option(fc.integer({ min: 1, max: 4 * GB })),
      timeSeconds: fc.option(fc.integer({ min: 1, max: 60 })),
      maxRuns: fc.option(fc.integer({ min: 1, max: 10 }), { freq: 8 }),
      replicas: fc.option(fc.integer({ min: 1, max: 3 }), { freq: 4 }),
      ioBound: fc.boolean(),
      networkBound: fc.boolean(),
      shape: fc.option(someRanks, { freq: 2 }),
      gpus: fc.option(fc.constantFrom<number | 'all'>(1, 2, 'all'), { freq: 2 }),
    }),
    { minLength: 1, maxLength: 5 },
  )
  .map(tasks =>
    tasks.map(({ shape, gpus, ...parts }, index) => {
      const more = shape ?? (gpus === null ? {} : { gpus })
      return task({ ...parts, ...more, name: `t${index}` })
    }),
  )
