import { partsOf } from '../../../core/placement.ts'
import { type HostFile, type RanksSpec, ranksOn } from './launch.ts'

export type MpiKind = 'open-mpi' | 'hydra'

/** @param version what `mpirun --version` prints: MPICH and Intel MPI, with one launcher, have other options than Open MPI */
export function mpiKindOf(version: string): MpiKind {
  return /Open MPI|OpenRTE|OpenMPI|PRTE/i.test(version) ? 'open-mpi' : 'hydra'
}

export interface MpirunOptions {
  readonly kind: MpiKind
  /** Open MPI hands on only those that are named. */
  readonly variables: readonly string[]
  readonly isRoot: boolean
  readonly hostFile: HostFile
}

export function mpirunWords(spec: RanksSpec, options: MpirunOptions): string[] {
  const parts = partsOf(spec)
  const { kind } = options
  const hosts = (text: (node: string, ranks: number) => string) =>
    options.hostFile(parts.map(part => text(part.node, ranksOn(part, spec))))
  const isWide = parts.length > 1
  const count = ['-n', String(spec.task.mpi.ranks)]
  if (kind === 'hydra') {
    const file = isWide ? ['-f', hosts((node, ranks) => `${node}:${ranks}`)] : []
    return ['mpirun', ...file, ...count]
  }
  const file = isWide ? ['--hostfile', hosts((node, ranks) => `${node} slots=${ranks}`)] : []
  return [
    'mpirun',
    ...file,
    ...count,
    '--oversubscribe',
    '--bind-to',
    'none',
    ...(options.isRoot ? ['--allow-run-as-root'] : []),
    ...(isWide ? options.variables.flatMap(name => ['-x', name]) : []),
  ]
}
