import { readAllocation } from '../../../cluster/slurm-environment.ts'
import type { PlacementPart } from '../../../core/model.ts'
import { partsOf } from '../../../core/placement.ts'
import { type Environment, type HostFile, type RanksSpec, ranksOn } from './launch.ts'

/**
 * The step that starts the ranks where the placement says. It takes all cores of its nodes, as the step of the agents does:
 * Slurm does not know which of them are idle, and `--cpus-per-task` would have it choose. A text: why there can be none.
 */
export function srunWords(spec: RanksSpec, env: Environment, hostFile: HostFile): string[] | string {
  const parts = partsOf(spec)
  const { ranks, launch } = spec.task.mpi
  const group = hetGroupOf(parts, env)
  if (group !== null && typeof group === 'object') return group.problem
  const counts = parts.map(part => ranksOn(part, spec))
  const isEven = counts.every(count => count === counts[0])
  const hosts = () => hostFile(parts.flatMap(({ node }, at) => Array<string>(counts[at] ?? 0).fill(node)))
  return [
    'srun',
    ...(group === null ? [] : [`--het-group=${group}`]),
    '--overlap',
    `--nodes=${parts.length}`,
    `--ntasks=${ranks}`,
    ...(isEven
      ? [`--nodelist=${parts.map(({ node }) => node).join(',')}`, `--ntasks-per-node=${counts[0]}`]
      : [`--nodelist=${hosts()}`, '--distribution=arbitrary']),
    // More ranks than Slurm has counted cores: on hardware threads, or where each rank was to have several.
    '--overcommit',
    '--cpu-bind=none',
    '--mem=0',
    '--gres=none',
    ...(launch === null ? [] : [`--mpi=${launch}`]),
    '--kill-on-bad-exit=1',
    '--export=ALL',
    '--job-name=odop-ranks',
    '--quiet',
  ]
}

/** null: the job has no components. */
function hetGroupOf(
  parts: readonly PlacementPart[],
  env: Environment,
): number | null | { readonly problem: string } {
  const allocation = readAllocation(env)
  if (allocation === null || 'problem' in allocation || allocation.components.length < 2) return null
  const component = allocation.components.find(({ nodes }) =>
    parts.every(({ node }) => nodes.some(({ name }) => name === node)),
  )
  if (component !== undefined) return component.group
  const names = parts.map(({ node }) => node).join(', ')
  return {
    problem: `${names} are of several components of a heterogeneous job, over which no step can reach`,
  }
}
