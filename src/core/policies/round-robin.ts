import type { Policy } from './policy.ts'

/**
 * Tasks take turns, however many items each has and whatever their priorities are: the one whose last item was started
 * longest ago is next. So do nodes. Items that are bound to a node take their turns there.
 */
export const roundRobin: Policy = {
  name: 'round_robin',
  nodes: 'in-turn',
  rank: ({ lastTurn }) => -lastTurn,
}
