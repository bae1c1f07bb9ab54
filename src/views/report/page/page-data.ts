/** What the pictures of a page are drawn from, as it stands in the page. Shares are in thousandths, times in seconds since `start`. */
export interface PageData {
  /** Milliseconds since the epoch. */
  readonly start: number
  readonly seconds: number
  readonly binSeconds: number
  readonly bins: number
  readonly cores: Record<'app' | 'tasks' | 'odop' | 'idle', readonly number[]>
  readonly totalCores: number
  /** Bytes; `fullest` is the share that the fullest node has in use. */
  readonly memory: Record<'app' | 'tasks' | 'odop' | 'fullest', readonly number[]> & {
    readonly limit: number
  }
  readonly queue: Record<'pending' | 'pendingMax' | 'running' | 'runningMax', readonly number[]>
  readonly kind: 'core' | 'node' | 'nodes'
  readonly rows: readonly PageRow[]
  readonly tasks: readonly string[]
  readonly lanes: number
  readonly blocks: readonly PageBlock[]
}

/** null: not measured. */
export type Shares = readonly (number | null)[]

export interface PageRow {
  readonly name: string
  readonly cores: number
  readonly used: Shares
  readonly max: Shares
  readonly held: Shares | null
  readonly parts: Record<'app' | 'tasks' | 'odop', Shares> | null
}

/** A bar: `name`, `state` and `progress`, in words, where it is one attempt; otherwise empty, and it stands for `attempts`. */
export type PageBlock = readonly [
  row: number,
  lane: number,
  from: number,
  to: number,
  task: number,
  attempts: number,
  failed: number,
  name: string,
  state: string,
  progress: string,
]
