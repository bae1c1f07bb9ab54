import { mkdtemp, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { vi } from 'vitest'
import type { FileInTrigger, FileUpdatedTrigger, TaskDefinition, Trigger } from '../../src/core/model.ts'
import { Budget } from '../../src/triggers/budget.ts'
import { leaseAsker } from '../../src/triggers/completeness/lease.ts'
import { type Search, sharedSearch, WriterSearch } from '../../src/triggers/completeness/writer-search.ts'
import { startFileIn } from '../../src/triggers/file-in.ts'
import type { FileTools } from '../../src/triggers/file-tools.ts'
import { startFileUpdated } from '../../src/triggers/file-updated.ts'
import { Volumes } from '../../src/triggers/folder/network-file-system.ts'
import type { Fired, TriggerContext, TriggerSource } from '../../src/triggers/trigger-source.ts'

export function taskWith(trigger: Trigger, replicas: number | null = null): TaskDefinition {
  return {
    name: 'reduce',
    module: '/tasks/reduce.ts',
    index: 0,
    kind: 'function',
    trigger,
    priority: 0,
    cpus: 1,
    memoryBytes: null,
    timeSeconds: null,
    maxRuns: null,
    replicas,
    retries: null,
    retryDelaySeconds: null,
    ioBound: false,
    networkBound: false,
    env: {},
    cwd: null,
  }
}

/** Keeps what a trigger fires and warns. */
export class Collector {
  readonly fired: Fired[] = []
  readonly warnings: string[] = []
  #dropped = false

  context(
    trigger: Trigger,
    options: { cwd?: string; seen?: Iterable<string>; replicas?: number } = {},
  ): TriggerContext {
    return {
      task: taskWith(trigger, options.replicas ?? null),
      cwd: options.cwd ?? '/',
      seen: new Set(options.seen),
      fire: fired => {
        if (this.#dropped) throw new Error('fired after it was closed')
        this.fired.push(fired)
      },
      warn: text => this.warnings.push(text),
    }
  }

  get files(): string[] {
    return this.fired.flatMap(({ files }) => files)
  }

  drop(): void {
    this.#dropped = true
  }
}

export interface WatchOptions {
  seen?: Iterable<string>
  /**
   * `processes`: as on a file system without leases; `settle`: as where nobody's open files can be seen; `network`: as on a
   * network file system.
   */
  as?: 'local' | 'processes' | 'settle' | 'network'
}

/** A temporary folder with triggers on it; everything ends with the test. */
export class Place implements AsyncDisposable {
  readonly folder: string
  readonly #sources: TriggerSource[] = []
  readonly #collectors: Collector[] = []

  static async make(): Promise<Place> {
    return new Place(await realpath(await mkdtemp(join(tmpdir(), 'odop-trigger-'))))
  }

  private constructor(folder: string) {
    this.folder = folder
  }

  path(...names: string[]): string {
    return [this.folder, ...names].join('/')
  }

  fileIn(
    trigger: Partial<FileInTrigger> = {},
    options: WatchOptions = {},
  ): Collector & { source: TriggerSource } {
    const whole: FileInTrigger = { ...FILE_IN, folder: '.', ...trigger }
    return this.#watch(whole, options, (context, tools) => startFileIn(context, whole, tools))
  }

  fileUpdated(
    trigger: Partial<FileUpdatedTrigger> & { path: string },
    options: WatchOptions = {},
  ): Collector & { source: TriggerSource } {
    const whole: FileUpdatedTrigger = { ...FILE_UPDATED, ...trigger }
    return this.#watch(whole, options, (context, tools) => startFileUpdated(context, whole, tools))
  }

  #watch(
    trigger: Trigger,
    { seen = [], as = 'local' }: WatchOptions,
    start: (context: TriggerContext, tools: FileTools) => TriggerSource,
  ): Collector & { source: TriggerSource } {
    const collector = new Collector()
    const tools: FileTools = {
      askLease: as === 'local' || as === 'network' ? leaseAsker() : null,
      search: as === 'settle' ? null : eagerSearch,
      volumes: new Volumes(async () => as === 'network'),
    }
    const source = start(collector.context(trigger, { cwd: this.folder, seen }), tools)
    this.#sources.push(source)
    this.#collectors.push(collector)
    return Object.assign(collector, { source })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const source of this.#sources) await source.close()
    for (const collector of this.#collectors) collector.drop()
    await rm(this.folder, { recursive: true, force: true })
  }
}

/** As in the product, but the tests of one file come faster after each other than what they cost may be spread. */
const eagerSearch: Search | null = sharedSearch() === null ? null : new WriterSearch(new Budget(1, 1000))

const FILE_IN: FileInTrigger = {
  kind: 'file-in',
  folder: '.',
  filter: null,
  recursive: false,
  batchSize: 1,
  flush: 'never',
  settleSeconds: 2,
}

const FILE_UPDATED: Omit<FileUpdatedTrigger, 'path'> = {
  kind: 'file-updated',
  filter: null,
  recursive: false,
  settleSeconds: 2,
}

export function glob(pattern: string): { kind: 'glob'; pattern: string } {
  return { kind: 'glob', pattern }
}

/** Waits, generously, until what is expected holds. */
export function eventually(check: () => unknown): Promise<unknown> {
  return vi.waitFor(check, { timeout: 30_000, interval: 10 })
}
