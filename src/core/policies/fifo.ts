import type { Policy } from './policy.ts'

/**
 * First in, first out, whatever the tasks and their priorities are: an item's place is that of the time since which it could
 * have started, which for a retry is the end of its pause. What has no room is passed over.
 */
export const fifo: Policy = {
  name: 'fifo',
  nodes: 'tightest',
  rank: () => 0,
}
