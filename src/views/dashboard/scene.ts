import type { NodeName } from '../../core/model.ts'
import type { RunView, View } from '../../core/state.ts'
import type { Status } from '../status.ts'
import type { MemoryNow } from './memory.ts'
import type { Told } from './told.ts'

/** All that a frame of the dashboard is drawn from, besides what the user has pressed. */
export interface Scene {
  readonly told: View<Omit<Told, 'state'>> & { readonly state: RunView }
  readonly status: Status
  readonly samples: Samples
  /** What memory is used for at present, where that is known. */
  readonly memory: ReadonlyMap<NodeName, MemoryNow>
  /** The run can be told what to do: its control socket is on this host. */
  readonly attached: boolean
  /** Text of what is open over the panes; null: nothing is. */
  readonly panel: readonly string[] | null
  /** What became of the last key; null: nothing to say. */
  readonly message: string | null
}

export type Samples = ReadonlyMap<NodeName, NodeSample>

/** What a node's cores do at present. */
export interface NodeSample {
  /** Of each of `NodeFacts.cores`, a share. */
  readonly shares: readonly number[]
  /** The shares are those of others than odop; false: of everything, as metrics have them. */
  readonly ofOthers: boolean
}

export interface Size {
  readonly width: number
  readonly height: number
}

export function isOver({ status }: Pick<Scene, 'status'>): boolean {
  return status.state === 'ended' || status.state === 'interrupted'
}
