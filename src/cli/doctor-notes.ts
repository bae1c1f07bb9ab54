import { killedTogether } from '../node/observe/cgroups.ts'
import type { ReadText } from '../node/observe/topology.ts'

/** What a user should know, and do, before a run: nothing of it keeps odop from working. */
export function doctorNotes(read: ReadText): string[] {
  const folder = killedTogether(read)
  if (folder === null) return []
  return [
    `memory.oom.group is 1 in ${folder}: when memory ends there, the kernel does not kill one task, but all that is in it at once, ` +
      'the application too where it is in it. What to do: give each task a `memory` limit, which odop enforces before memory ends, and let more ' +
      'stay free (--memory-reserve 20%). In a Slurm job the site has chosen so (OOMKillStep): `srun --oom-kill-step=0` leaves it out for a step',
  ]
}
