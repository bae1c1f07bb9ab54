import type { Lack } from './schedule/fitting.ts'
import type { Hindrance } from './schedule/hindrance.ts'

/** Why an item waits. */
export interface Reason {
  readonly kind: ReasonKind
  /** As a user should read it. */
  readonly text: string
}

/** All that an item may wait for. Each is shown by a real run: `test/rig/explained.ts` names the test. */
export type ReasonKind =
  | Hindrance['kind']
  | Lack
  /** It waits no more: the next decision starts it, … */
  | 'startable'
  /** … or it is put behind a running attempt. */
  | 'follows'
  /** Others of this decision go first, and take the room that there would be. */
  | 'behind'
  | 'no-node'
  /** Its files are on a node that has no room, */
  | 'bound'
  /** that tells nothing at present, */
  | 'silent'
  /** or that is not one of this launch. */
  | 'elsewhere'
  /** Of some more nodes it would be the same. */
  | 'more-nodes'
  | 'memory-used'
  | 'retry'
  | 'max-runs'
  | 'own-policy'
  | 'too-late'
