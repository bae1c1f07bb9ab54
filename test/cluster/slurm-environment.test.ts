import { describe, expect, test } from 'vitest'
import { agentCommands, agentEnvironment } from '../../src/cluster/agent-step.ts'
import { otherNodes, readAllocation, type SlurmAllocation } from '../../src/cluster/slurm-environment.ts'

/** As a batch script on the first of three nodes finds it (Slurm 22.05). */
const batch = {
  SLURM_JOB_ID: '12',
  SLURM_JOB_NODELIST: 'n[1-3]',
  SLURM_JOB_CPUS_PER_NODE: '72(x2),36',
  SLURMD_NODENAME: 'n1',
}

function allocation(env: Record<string, string>): SlurmAllocation {
  const read = readAllocation(env)
  if (read === null || 'problem' in read) throw new Error(`no allocation: ${read?.problem}`)
  return read
}

describe('the allocation', () => {
  test('of a batch script on several nodes', () => {
    expect(allocation(batch)).toEqual({
      jobId: '12',
      array: null,
      step: null,
      restarts: 0,
      components: [
        {
          jobId: '12',
          group: null,
          nodes: [
            { name: 'n1', cpus: 72, memoryBytes: null },
            { name: 'n2', cpus: 72, memoryBytes: null },
            { name: 'n3', cpus: 36, memoryBytes: null },
          ],
        },
      ],
      thisNode: 'n1',
      endsAt: null,
    })
    expect(otherNodes(allocation(batch))).toEqual(['n2', 'n3'])
  })

  test('array, step, restarts and end', () => {
    expect(
      allocation({
        ...batch,
        SLURM_ARRAY_JOB_ID: '10',
        SLURM_ARRAY_TASK_ID: '3',
        SLURM_STEP_ID: '4',
        SLURM_RESTART_COUNT: '2',
        SLURM_JOB_END_TIME: '1795357069',
      }),
    ).toMatchObject({
      array: { jobId: '10', index: '3' },
      step: '4',
      restarts: 2,
      endsAt: 1_795_357_069_000,
    })
  })

  test.each([
    ['per node', { SLURM_MEM_PER_NODE: '100' }, [100, 100, 100]],
    ['per CPU', { SLURM_MEM_PER_CPU: '10' }, [720, 720, 360]],
    ['all of the node', { SLURM_MEM_PER_NODE: '0' }, [null, null, null]],
  ])('memory %s', (_, variables, mebibytes) => {
    const [component] = allocation({ ...batch, ...variables }).components
    expect(component?.nodes.map(node => node.memoryBytes && node.memoryBytes / 2 ** 20)).toEqual(mebibytes)
  })

  test('of salloc on a login node, also within another job: no node is this one', () => {
    const { SLURMD_NODENAME: _, ...salloc } = batch
    expect(otherNodes(allocation(salloc))).toEqual(['n1', 'n2', 'n3'])
    expect(allocation({ ...salloc, SLURMD_NODENAME: 'x9' }).thisNode).toBeNull()
  })

  test('of one node: there is no other', () => {
    expect(otherNodes(allocation({ ...batch, SLURM_JOB_NODELIST: 'n1' }))).toEqual([])
  })

  test('outside of jobs there is none', () => {
    expect(readAllocation({ SLURM_CONF: '/etc/slurm/slurm.conf' })).toBeNull()
  })

  test.each([
    [undefined, 'nothing'],
    ['', 'nothing'],
    ['n[1-', "'n[1-'"],
  ])('with the node list %j: a problem that says what was found', (list, found) => {
    const env = { SLURM_JOB_ID: '12', ...(list === undefined ? {} : { SLURM_JOB_NODELIST: list }) }
    expect(readAllocation(env)).toEqual({
      problem: `expected the job's nodes in SLURM_JOB_NODELIST, found ${found}`,
    })
  })
})

/** As seen in the batch script of `sbatch -N1 : -N2`. */
const heterogeneous = {
  SLURM_JOB_ID: '3',
  SLURM_HET_SIZE: '2',
  SLURM_JOB_NODELIST: 'n1',
  SLURM_JOB_ID_HET_GROUP_0: '3',
  SLURM_JOB_ID_HET_GROUP_1: '4',
  SLURM_JOB_NODELIST_HET_GROUP_0: 'n1',
  SLURM_JOB_NODELIST_HET_GROUP_1: 'n[2-3]',
  SLURM_JOB_CPUS_PER_NODE_HET_GROUP_0: '1',
  SLURM_JOB_CPUS_PER_NODE_HET_GROUP_1: '8(x2)',
  SLURM_MEM_PER_NODE: '100',
  SLURM_MEM_PER_NODE_HET_GROUP_1: '200',
  SLURMD_NODENAME: 'n1',
}

test('a heterogeneous job has the nodes of all its components', () => {
  const read = allocation(heterogeneous)
  expect(read.components).toEqual([
    { jobId: '3', group: 0, nodes: [{ name: 'n1', cpus: 1, memoryBytes: 100 * 2 ** 20 }] },
    {
      jobId: '4',
      group: 1,
      nodes: ['n2', 'n3'].map(name => ({ name, cpus: 8, memoryBytes: 200 * 2 ** 20 })),
    },
  ])
  expect(otherNodes(read)).toEqual(['n2', 'n3'])
})

describe('the command for the agents', () => {
  const program = ['/opt/odop/bin/odop.js', 'agent']

  test('starts one on every node but this', () => {
    const commands = agentCommands(allocation(batch), program)
    expect(commands).toHaveLength(1)
    const [command = []] = commands
    expect(command[0]).toBe('srun')
    expect(command.slice(-2)).toEqual(program)
    expect(command).toEqual(
      expect.arrayContaining(['--overlap', '--nodes=2', '--ntasks=2', '--ntasks-per-node=1', '--exclude=n1']),
    )
    expect(command.some(word => word.startsWith('--unbuffered') || word.startsWith('--label'))).toBe(false)
  })

  test('leaves none out when this is none of the nodes', () => {
    const [command = []] = agentCommands(allocation({ ...batch, SLURMD_NODENAME: 'login1' }), program)
    expect(command).toContain('--nodes=3')
    expect(command.filter(word => word.startsWith('--exclude'))).toEqual([])
  })

  test('is one for each component with other nodes', () => {
    expect(agentCommands(allocation({ ...batch, SLURM_JOB_NODELIST: 'n1' }), program)).toEqual([])
    const commands = agentCommands(allocation(heterogeneous), program)
    expect(commands).toHaveLength(1)
    expect(commands[0]).toEqual(expect.arrayContaining(['--het-group=1', '--nodes=2']))
    expect(agentCommands(allocation({ ...heterogeneous, SLURMD_NODENAME: 'login1' }), program)).toHaveLength(
      2,
    )
  })
})

describe('the environment for the agents', () => {
  test.each(
    `SLURM_NTASKS SLURM_NPROCS SLURM_NNODES SLURM_NTASKS_PER_NODE SLURM_NTASKS_PER_CORE SLURM_CPUS_PER_TASK SRUN_CPUS_PER_TASK
    SLURM_TRES_PER_TASK SLURM_TRES_BIND SLURM_DISTRIBUTION SLURM_CPU_BIND SLURM_CPU_BIND_LIST SLURM_MEM_BIND SLURM_MEM_PER_CPU
    SLURM_MEM_PER_NODE SLURM_HINT SLURM_EXACT SLURM_EXCLUSIVE SLURM_WHOLE SLURM_OVERLAP SLURM_THREADS_PER_CORE SLURM_GPUS
    SLURM_GPUS_PER_TASK SLURM_GPU_BIND SLURM_GRES SLURM_STEP_ID SLURM_STEPID SLURM_STEP_NODELIST SLURM_STEP_GRES
    SLURM_MPI_TYPE SLURM_LABELIO SLURM_UNBUFFEREDIO SLURM_STDINMODE SLURM_STDOUTMODE SLURM_EXPORT_ENV SRUN_EXPORT_ENV
    SLURM_TIMELIMIT SLURM_WAIT SLURM_KILL_BAD_EXIT SLURM_TASK_PROLOG SLURM_NETWORK SLURM_NTASKS_HET_GROUP_1
    SLURM_MEM_PER_CPU_PACK_GROUP_0 SLURMD_DEBUG SRUN_DEBUG`.split(/\s+/),
  )('loses %s', name => {
    expect(agentEnvironment({ [name]: '1', PATH: '/bin' })).toEqual({ PATH: '/bin' })
  })

  test.each(
    `SLURM_JOB_ID SLURM_JOBID SLURM_JOB_NODELIST SLURM_NODELIST SLURM_JOB_NUM_NODES SLURM_JOB_CPUS_PER_NODE SLURM_JOB_END_TIME
    SLURM_CLUSTER_NAME SLURM_CLUSTERS SLURM_WORKING_CLUSTER SLURM_CONF SLURM_ARRAY_TASK_ID SLURM_RESTART_COUNT
    SLURM_HET_SIZE SLURM_JOB_ID_HET_GROUP_1 SLURM_JOB_NODELIST_HET_GROUP_1 SLURM_SUBMIT_DIR SLURM_STEPMGR
    MY_SLURM_NTASKS`.split(/\s+/),
  )('keeps %s', name => {
    expect(agentEnvironment({ [name]: '1', NOT_SET: undefined })).toEqual({ [name]: '1' })
  })
})
