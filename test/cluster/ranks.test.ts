import { describe, expect, test } from 'vitest'
import { ApplicationPids, type ProcessReads } from '../../src/cluster/application-pids.ts'
import type { RanksSpec } from '../../src/node/runner/ranks/launch.ts'
import { mpiKindOf, mpirunWords } from '../../src/node/runner/ranks/mpirun.ts'
import { srunWords } from '../../src/node/runner/ranks/step.ts'
import { specOf } from '../node/keeper/keeper-rig.ts'

const spec = (mpi: Partial<RanksSpec['task']['mpi']>, cores: readonly number[][]): RanksSpec => {
  const parts = cores.map((each, at) => ({ node: `n${at + 1}`, cores: each }))
  const needs = { nodes: cores.length, ranks: 2, cpusPerRank: 1, launch: null, ...mpi }
  const others = parts.length > 1 ? { others: parts.slice(1) } : {}
  const whole = specOf({ task: 'command prints', folder: '/x', count: 1, mpi: needs, ...parts[0], ...others })
  return whole as RanksSpec
}
const files: string[][] = []
const hostFile = (lines: readonly string[]) => {
  files.push([...lines])
  return '/scratch/hosts'
}

describe('a step for ranks', () => {
  test('names nodes and ranks, and none of what would let Slurm choose cores', () => {
    const words = srunWords(
      spec({ ranks: 4, cpusPerRank: 2 }, [
        [0, 1, 2, 3],
        [4, 5, 6, 7],
      ]),
      {},
      hostFile,
    )
    expect(words).toEqual(expect.arrayContaining(['--nodelist=n1,n2', '--ntasks=4', '--ntasks-per-node=2']))
    expect(words).not.toEqual(
      expect.arrayContaining([expect.stringMatching(/--cpus-per-task|--exact|--mpi/)]),
    )
  })
  test('has a file of hosts where nodes have different numbers of ranks', () => {
    const words = srunWords(spec({ nodes: null, ranks: 3 }, [[0, 1], [5]]), {}, hostFile)
    expect(words).toEqual(expect.arrayContaining(['--nodelist=/scratch/hosts', '--distribution=arbitrary']))
    expect(files.at(-1)).toEqual(['n1', 'n1', 'n2'])
  })
  test('is of one component of a heterogeneous job', () => {
    const env = {
      SLURM_JOB_ID: '5',
      SLURM_HET_SIZE: '2',
      SLURM_JOB_NODELIST_HET_GROUP_0: 'n9',
      SLURM_JOB_NODELIST_HET_GROUP_1: 'n[1-2]',
    }
    expect(srunWords(spec({}, [[0], [0]]), env, hostFile)).toContain('--het-group=1')
    const apart = { ...env, SLURM_JOB_NODELIST_HET_GROUP_0: 'n1', SLURM_JOB_NODELIST_HET_GROUP_1: 'n2' }
    expect(srunWords(spec({}, [[0], [0]]), apart, hostFile)).toMatch(/^n1, n2 are of several components/)
  })
})

describe('mpirun', () => {
  const options = { variables: ['ODOP_RUN'], isRoot: true, hostFile }
  test('is MPICH’s or Open MPI’s', () => {
    expect(mpiKindOf('mpirun (Open MPI) 4.1.4\n')).toBe('open-mpi')
    expect(mpiKindOf('HYDRA build details:\n    Version: 4.0.2\n')).toBe('hydra')
  })
  test('on one node needs no file of hosts', () => {
    expect(mpirunWords(spec({ nodes: 1 }, [[0, 1]]), { ...options, kind: 'hydra' })).toEqual([
      'mpirun',
      '-n',
      '2',
    ])
  })
  test('on several has one in its own way', () => {
    const wide = spec({ nodes: null, ranks: 3 }, [[0, 1], [5]])
    expect(mpirunWords(wide, { ...options, kind: 'hydra' }).join(' ')).toBe('mpirun -f /scratch/hosts -n 3')
    expect(files.at(-1)).toEqual(['n1:2', 'n2:1'])
    expect(mpirunWords(wide, { ...options, kind: 'open-mpi' }).join(' ')).toBe(
      'mpirun --hostfile /scratch/hosts -n 3 --oversubscribe --bind-to none --allow-run-as-root -x ODOP_RUN',
    )
    expect(files.at(-1)).toEqual(['n1 slots=2', 'n2 slots=1'])
  })
})

test('ranks of attempts are found by attempt, and are not the application', () => {
  const variables = (pairs: Readonly<Record<string, string>>) =>
    Object.entries({ SLURM_JOB_ID: '7', SLURM_STEP_ID: '3', SLURMD_NODENAME: 'n2', ...pairs })
      .map(([name, value]) => `${name}=${value}\0`)
      .join('')
  const rank = { ODOP_RUNNER: '1.1', ODOP_RANK_OF: 'sum#1.1', ODOP_CORES_BY_NODE: ';n1=0;n2=4-5;' }
  const processes = new Map([
    [10, { parent: 1, environment: variables({}) }],
    [20, { parent: 1, environment: variables(rank) }],
    [21, { parent: 20, environment: variables(rank) }],
    [22, { parent: 20, environment: '' }],
    [30, { parent: 1, environment: variables({ ...rank, SLURMD_NODENAME: 'n1' }) }],
  ])
  const reads: ProcessReads = {
    pids: () => [...processes.keys()],
    stat: pid => ({ startTicks: pid, parent: processes.get(pid)?.parent ?? 1, name: 'a' }),
    environment: pid => processes.get(pid)?.environment ?? null,
    controlGroups: () => '',
  }
  const pids = new ApplicationPids({
    jobs: ['7'],
    node: 'n2',
    agent: 99,
    ownSteps: new Set(),
    ownVariables: ['ODOP_RUNNER'],
    rankVariable: 'ODOP_RANK_OF',
    reads,
  })
  expect([...pids.look()]).toEqual([['3', [10]]])
  expect([...pids.ranks()]).toEqual([['sum#1.1', { pids: [20], places: ';n1=0;n2=4-5;' }]])
})
