import type { NodeFacts } from '../../core/model.ts'
import { partsOf } from '../../core/placement.ts'
import type { View } from '../../core/state.ts'
import type { MetricsRow } from '../../journal/metrics-csv.ts'
import type { MetricsRows } from '../../journal/metrics-reader.ts'
import { BinnedSeries, binCount, binSeconds } from './binned-series.ts'
import { type Row, type RowKind, type Rows, rowsOf } from './rows.ts'
import { type LoggedAttempt, placementsOf, type QueueSeries } from './run-log.ts'

/** The last launch over time, in bins of equal width: what the pictures show. */
export interface Timeline {
  /** Milliseconds since the epoch. */
  readonly start: number
  readonly end: number
  readonly binSeconds: number
  readonly bins: number
  /** Rows of metrics that went into it, and how far apart they are on average; null: there were none. */
  readonly measurements: number
  readonly measuredEverySeconds: number | null
  readonly cores: CoresSeries
  readonly memory: MemorySeries
  readonly queue: QueueTimes
  readonly kind: RowKind
  readonly rows: readonly TimelineRow[]
}

/** Cores of all nodes in use, on average over each bin. */
export interface CoresSeries {
  readonly app: readonly number[]
  readonly tasks: readonly number[]
  readonly odop: readonly number[]
  /** Measured, and used by nobody. */
  readonly idle: readonly number[]
}

/** Bytes of all nodes, on average over each bin. */
export interface MemorySeries {
  readonly limitBytes: number
  readonly appBytes: readonly number[]
  readonly tasksBytes: readonly number[]
  readonly odopBytes: readonly number[]
  /** The largest share of its limit that any node had in use. */
  readonly fullestShare: readonly number[]
}

/** Work items that waited and attempts that ran: mean and maximum of each bin. */
export interface QueueTimes {
  readonly pending: readonly number[]
  readonly pendingMax: readonly number[]
  readonly running: readonly number[]
  readonly runningMax: readonly number[]
}

/** Shares of a row's cores over the time that was measured; null where nothing was. */
export type Shares = readonly (number | null)[]

/** A core, a node, or nodes over time. */
export interface TimelineRow extends Row {
  readonly used: Shares
  /** The most that one measurement in the bin has seen in use: of the core, or of one node. */
  readonly usedMax: Shares
  /** Of a core: for how much of the time attempts held it; null: the row is no core. */
  readonly held: readonly number[] | null
  /** Of nodes: by whom they were used; null: the row is a core, of which that is not measured. */
  readonly parts: Readonly<Record<Part, Shares>> | null
}

export interface TimelineOptions {
  readonly nodes: readonly View<NodeFacts>[]
  /** Of the launch, milliseconds since the epoch. */
  readonly start: number
  readonly end: number
}

type Part = 'app' | 'tasks' | 'odop'
type Series = Readonly<Record<Part, BinnedSeries>>

/** Makes the timeline of the nodes' metrics as they are read, row by row. */
export class TimelineMaker {
  readonly rows: Rows
  readonly #options: TimelineOptions
  readonly #widthSeconds: number
  readonly #bins: number
  /** Sums over all nodes. */
  readonly #cores: Series
  readonly #bytes: Series
  readonly #measured: BinnedSeries
  readonly #fullest: BinnedSeries
  /** By row, as shares. */
  readonly #used: readonly BinnedSeries[]
  /** By row, as shares; empty where rows are cores. */
  readonly #parts: readonly Series[]
  #measurements = 0
  #measuredSeconds = 0
  #lastAt: number

  constructor(options: TimelineOptions) {
    const seconds = Math.max(0.001, (options.end - options.start) / 1000)
    this.#options = options
    this.#lastAt = options.start
    this.rows = rowsOf(options.nodes)
    this.#widthSeconds = binSeconds(seconds)
    this.#bins = binCount(seconds, this.#widthSeconds)
    this.#cores = this.#newParts()
    this.#bytes = this.#newParts()
    this.#measured = this.#newSeries()
    this.#fullest = this.#newSeries()
    this.#used = this.rows.rows.map(() => this.#newSeries())
    this.#parts = this.needsCores ? [] : this.rows.rows.map(() => this.#newParts())
  }

  /** Whether each core's use is part of the picture. */
  get needsCores(): boolean {
    return this.rows.kind === 'core'
  }

  /** Takes what is read of a node's metrics; what belongs to earlier launches is left out. */
  node(facts: View<NodeFacts>): MetricsRows {
    let cores: readonly number[] = facts.cores
    let before = this.#options.start
    return {
      onCores(found) {
        cores = found
      },
      onRow: row => {
        if (row.at <= before) return
        const from = before
        before = row.at
        this.#addTotals(facts, from, row)
        if (!this.needsCores) return this.#addNode(facts, from, row)
        for (const [at, share] of row.coreShares.entries()) {
          this.#used[this.rows.rowOf(facts.name, cores[at] ?? -1)]?.add(from, row.at, share)
        }
      },
    }
  }

  #addTotals(facts: View<NodeFacts>, from: number, row: MetricsRow): void {
    this.#measurements += 1
    this.#measuredSeconds += (row.at - from) / 1000
    this.#lastAt = Math.max(this.#lastAt, row.at)
    this.#measured.add(from, row.at, facts.cores.length)
    this.#cores.app.add(from, row.at, row.appCores)
    this.#cores.tasks.add(from, row.at, row.taskCores)
    this.#cores.odop.add(from, row.at, row.odopCores)
    this.#bytes.app.add(from, row.at, row.appMemoryBytes)
    this.#bytes.tasks.add(from, row.at, row.tasksMemoryBytes)
    this.#bytes.odop.add(from, row.at, row.odopMemoryBytes)
    const bytes = row.appMemoryBytes + row.tasksMemoryBytes + row.odopMemoryBytes
    if (facts.memoryLimitBytes > 0) this.#fullest.add(from, row.at, bytes / facts.memoryLimitBytes)
  }

  #addNode({ name, cores }: View<NodeFacts>, from: number, row: MetricsRow): void {
    const number = this.rows.rowOf(name, 0)
    const parts = this.#parts[number]
    if (parts === undefined || cores.length === 0) return
    parts.app.add(from, row.at, row.appCores / cores.length)
    parts.tasks.add(from, row.at, row.taskCores / cores.length)
    parts.odop.add(from, row.at, row.odopCores / cores.length)
    const used = (row.appCores + row.taskCores + row.odopCores) / cores.length
    this.#used[number]?.add(from, row.at, Math.min(1, used))
  }

  /** With what only the journal tells: the attempts and the queue of the launch. */
  finish(attempts: readonly LoggedAttempt[], queue: QueueSeries | null): Timeline {
    const { start, end, nodes } = this.#options
    return {
      start,
      end,
      binSeconds: this.#widthSeconds,
      bins: this.#bins,
      measurements: this.#measurements,
      measuredEverySeconds: this.#measurements === 0 ? null : this.#measuredSeconds / this.#measurements,
      cores: this.#coresSeries(),
      memory: {
        limitBytes: nodes.reduce((sum, node) => sum + node.memoryLimitBytes, 0),
        appBytes: this.#perTime(this.#bytes.app),
        tasksBytes: this.#perTime(this.#bytes.tasks),
        odopBytes: this.#perTime(this.#bytes.odop),
        fullestShare: this.#perBin(bin => this.#fullest.max(bin)),
      },
      queue: this.#queueTimes(queue),
      kind: this.rows.kind,
      rows: this.#timelineRows(this.needsCores ? this.#heldSeries(attempts) : null),
    }
  }

  #coresSeries(): CoresSeries {
    const [app, tasks, odop] = [this.#cores.app, this.#cores.tasks, this.#cores.odop].map(series =>
      this.#perTime(series),
    ) as [number[], number[], number[]]
    const idle = this.#perTime(this.#measured).map((cores, bin) =>
      Math.max(0, cores - (app[bin] ?? 0) - (tasks[bin] ?? 0) - (odop[bin] ?? 0)),
    )
    return { app, tasks, odop, idle }
  }

  #queueTimes(queue: QueueSeries | null): QueueTimes {
    queue?.pending.widen(this.#widthSeconds)
    queue?.running.widen(this.#widthSeconds)
    return {
      pending: this.#perBin(bin => queue?.pending.mean(bin) ?? 0),
      pendingMax: this.#perBin(bin => queue?.pending.max(bin) ?? 0),
      running: this.#perBin(bin => queue?.running.mean(bin) ?? 0),
      runningMax: this.#perBin(bin => queue?.running.max(bin) ?? 0),
    }
  }

  #timelineRows(held: readonly BinnedSeries[] | null): TimelineRow[] {
    return this.rows.rows.map((row, at) => {
      const used = this.#used[at]
      const parts = this.#parts[at]
      const heldHere = held?.[at]
      return {
        ...row,
        used: this.#shares(used, bin => used?.mean(bin) ?? 0),
        usedMax: this.#shares(used, bin => used?.max(bin) ?? 0),
        held:
          heldHere === undefined
            ? null
            : this.#perBin(bin => Math.min(1, heldHere.sum(bin) / this.#lengthOf(bin, this.#options.end))),
        parts:
          parts === undefined
            ? null
            : {
                app: this.#shares(used, bin => parts.app.mean(bin)),
                tasks: this.#shares(used, bin => parts.tasks.mean(bin)),
                odop: this.#shares(used, bin => parts.odop.mean(bin)),
              },
      }
    })
  }

  #shares(used: BinnedSeries | undefined, value: (bin: number) => number): Shares {
    return this.#perBin(bin => (used !== undefined && used.seconds(bin) > 0 ? value(bin) : null))
  }

  #heldSeries(attempts: readonly LoggedAttempt[]): BinnedSeries[] {
    const series = this.rows.rows.map(() => this.#newSeries())
    for (const attempt of attempts) {
      for (const { from, to, placement } of placementsOf(attempt, this.#options.end)) {
        for (const { node, cores } of partsOf(placement)) {
          for (const core of cores) series[this.rows.rowOf(node, core)]?.add(from, to, 1)
        }
      }
    }
    return series
  }

  /** Averages over each bin as far as it was measured, of what is added up over the nodes. */
  #perTime(series: BinnedSeries): number[] {
    return this.#perBin(bin => series.sum(bin) / this.#lengthOf(bin, this.#lastAt))
  }

  #lengthOf(bin: number, end: number): number {
    const seconds = (end - this.#options.start) / 1000 - bin * this.#widthSeconds
    return seconds <= 0 ? this.#widthSeconds : Math.min(this.#widthSeconds, seconds)
  }

  #perBin<Value>(value: (bin: number) => Value): Value[] {
    return Array.from({ length: this.#bins }, (_, bin) => value(bin))
  }

  #newSeries(): BinnedSeries {
    return new BinnedSeries(this.#options.start, this.#widthSeconds)
  }

  #newParts(): Series {
    return { app: this.#newSeries(), tasks: this.#newSeries(), odop: this.#newSeries() }
  }
}
