/** The keys of a configuration file. Each may be left out; `ODOP_*` variables and flags go first. */
export interface OdopConfig {
  /** The run's name, by which a later run goes on where this one ended. */
  readonly name?: string | undefined
  /** Task folders or modules, relative to the configuration file. Default: `tasks`. */
  readonly tasks?: string | readonly string[] | undefined
  /**
   * The order in which queued items are placed: `priority` (the default), `fifo`, `round_robin`, `best_fit`, or the module of
   * your own, relative to the configuration file.
   */
  readonly policy?: string | undefined
  /** Finish the queue after the application has ended; a duration: for so long at most. Default: false. */
  readonly drain?: boolean | number | string | undefined
  /** At most so many cores of a node for attempts. Default: no limit. */
  readonly maxCpus?: number | undefined
  /** At most so many `ioBound` attempts on a node at the same time. Default: 1. */
  readonly maxIoBound?: number | undefined
  /** At most so many `networkBound` attempts on a node at the same time. Default: 1. */
  readonly maxNetworkBound?: number | undefined
  /** Cores that are never used: `'0-3,7'` or `[0, 1, 2, 3, 7]`. */
  readonly excludeCpus?: string | readonly number[] | undefined
  /** Further hosts to work on, each reached through ssh. Default: the other nodes of the Slurm job, through srun. */
  readonly hosts?: string | readonly string[] | undefined
  /** A file with such hosts, one a line, as `mpirun --hostfile` takes it. */
  readonly hostFile?: string | undefined
  /** So many cores of each node stay free. Default: 0. */
  readonly reserveCores?: number | undefined
  /** A core that others use less than this counts as idle, in percent. Default: 10. */
  readonly idleThreshold?: number | undefined
  /** Memory of the allocation that stays free: `'4G'`, or a share of it: `'10%'` (the default). */
  readonly memoryReserve?: number | string | undefined
  /** Draw back when the application is slowed down by more than this, in percent. Default: it is only measured. */
  readonly maxSlowdown?: number | string | undefined
  /** Each time that a file of this glob is written counts as one step of the application, whose pace is then watched. */
  readonly progress?: string | undefined
  /** Only measure. Default: false. */
  readonly noTasks?: boolean | undefined
  /** A dashboard below the application's output on a terminal, now and then a line elsewhere. Default: false. */
  readonly dashboard?: boolean | undefined
  /** No summary on stderr, only warnings. Default: false. */
  readonly quiet?: boolean | undefined
  /** No `report.html` at the end. Default: false. */
  readonly noReport?: boolean | undefined
  /** A further copy of `summary.json`, relative to the configuration file. */
  readonly summary?: string | undefined
  /** Further attempts after a failed one. Default: 3. */
  readonly retries?: number | undefined
  /** Pause before the first retry; doubles with each further one. Default: `'60s'`. */
  readonly retryDelay?: number | string | undefined
  /** Time between SIGTERM and SIGKILL for an attempt. Default: `'5s'`. */
  readonly grace?: number | string | undefined
  /** How long a file's size and time must stand still where it cannot be seen whether it is still open. Default: `'2s'`. */
  readonly settle?: number | string | undefined
  /** The HTTP interface on this port of this host too, or on `'HOST:PORT'`. Default: on the run's socket only. */
  readonly api?: number | string | undefined
  /** Where runs are kept, relative to the configuration file. Default: `~/.odop`. */
  readonly odopPath?: string | undefined
}

/** For the editor: completes and checks the keys of `odop.config.ts`. */
export function defineConfig(config: OdopConfig): OdopConfig {
  return config
}
