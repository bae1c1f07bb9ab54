import { describe, expect, it } from 'vitest'
import { describeNode, yieldMode } from '../../../src/node/observe/allocation.ts'
import { cpuQuota, freeUnderLimit, memoryLimits } from '../../../src/node/observe/cgroups.ts'
import { describeTopology, parseCoreList } from '../../../src/node/observe/topology.ts'

const GIB = 2 ** 30
const files = (content: Record<string, string>) => (path: string) => content[path] ?? null
const machine = {
  '/proc/meminfo': 'MemTotal:       67108864 kB\nMemFree: 1 kB\nMemAvailable:   33554432 kB\n',
}

/** On a machine of which the kernel lists more cores than there are. */
const fourCores = {
  '/proc/self/status': 'Name: odop\nCpus_allowed:\tff\nCpus_allowed_list:\t0-7\n',
  '/sys/devices/system/cpu/online': '0-3\n',
}

const pinned = { '/proc/self/status': 'Cpus_allowed_list:\t2-3,8-9\n' }

const version2 = {
  ...machine,
  '/proc/self/cgroup': '0::/job_7/step_0\n',
  '/proc/self/mountinfo': '31 23 0:28 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw,nsdelegate\n',
  '/sys/fs/cgroup/job_7/memory.max': `${8 * GIB}\n`,
  '/sys/fs/cgroup/job_7/memory.current': `${5 * GIB}\n`,
  '/sys/fs/cgroup/job_7/memory.stat': `anon 1\ninactive_file ${GIB}\nactive_file ${2 * GIB}\n`,
  '/sys/fs/cgroup/job_7/cpu.max': '150000 100000\n',
  '/sys/fs/cgroup/job_7/step_0/memory.max': 'max\n',
  '/sys/fs/cgroup/job_7/step_0/cpu.max': 'max 100000\n',
}

const version1 = {
  ...machine,
  '/proc/self/cgroup': '4:memory:/docker/abc/inner\n2:cpu,cpuacct:/docker/abc\n0::/\n',
  '/proc/self/mountinfo': [
    '35 31 0:32 /docker/abc /sys/fs/cgroup/memory rw,relatime shared:4 - cgroup cgroup rw,memory',
    '36 31 0:33 /docker/abc /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu,cpuacct',
  ].join('\n'),
  '/sys/fs/cgroup/memory/memory.limit_in_bytes': `${4 * GIB}\n`,
  '/sys/fs/cgroup/memory/memory.usage_in_bytes': `${3 * GIB}\n`,
  '/sys/fs/cgroup/memory/memory.stat': `inactive_file 1\ntotal_inactive_file ${GIB}\ntotal_active_file 0\n`,
  '/sys/fs/cgroup/memory/inner/memory.limit_in_bytes': '9223372036854771712\n',
  '/sys/fs/cgroup/cpu/cpu.cfs_quota_us': '-1\n',
  '/sys/fs/cgroup/cpu/cpu.cfs_period_us': '100000\n',
}

describe('the memory limit', () => {
  const limitOf = (content: Record<string, string>, env: Record<string, string> = {}) =>
    describeNode({ name: 'n', env, read: files({ ...fourCores, ...content }) }).memoryLimitBytes

  it.each([
    ['the machine', machine, {}, 64 * GIB],
    ['a control group of version 2, from above', version2, {}, 8 * GIB],
    ['a control group of version 1, in a container', version1, {}, 4 * GIB],
    ['Slurm, for each node', version2, { SLURM_MEM_PER_NODE: '2048' }, 2 * GIB],
    ['Slurm, for each core', machine, { SLURM_MEM_PER_CPU: '1024', SLURM_CPUS_ON_NODE: '2' }, 2 * GIB],
    ['Slurm, for each core of the affinity', machine, { SLURM_MEM_PER_CPU: '1024' }, 4 * GIB],
    ['Slurm giving all of the node', machine, { SLURM_MEM_PER_NODE: '0' }, 64 * GIB],
    ['more than there is', machine, { SLURM_MEM_PER_NODE: '999999999' }, 64 * GIB],
    ['nonsense', machine, { SLURM_MEM_PER_NODE: 'lots' }, 64 * GIB],
  ])('comes from %s', (_, content, env, expected) => {
    expect(limitOf(content, env as Record<string, string>)).toBe(expected)
  })

  it('counts the page cache as free', () => {
    const free = (content: Record<string, string>) =>
      memoryLimits(files(content)).map(limit => freeUnderLimit(limit, files(content)))
    expect(free(version2)).toEqual([6 * GIB])
    expect(free(version1)).toEqual([2 * GIB])
    expect(free(machine)).toEqual([])
  })
})

describe('usable cores', () => {
  const usable = (options: object, content: Record<string, string> = machine) =>
    describeNode({ name: 'n', env: {}, read: files({ ...pinned, ...content }), ...options }).usableCores

  it('are those of the affinity without what is excluded or reserved', () => {
    expect(usable({})).toEqual([2, 3, 8, 9])
    expect(usable({ excludeCores: [3, 77] })).toEqual([2, 8, 9])
    expect(usable({ reserveCores: 1, excludeCores: [2] })).toEqual([8, 9])
    expect(usable({ reserveCores: 99 })).toEqual([])
  })

  it('are at most as many as the quota allows', () => {
    expect(cpuQuota(files(version2))).toBe(1.5)
    expect(usable({}, version2)).toEqual([2, 3])
    expect(cpuQuota(files(version1))).toBeNull()
    const halved = { ...version1, '/sys/fs/cgroup/cpu/cpu.cfs_quota_us': '50000\n' }
    expect(usable({}, halved)).toEqual([2])
  })

  it('come from the status file where there is no system call, and leave accounting over all cores', () => {
    const facts = describeNode({ name: 'n', env: {}, excludeCores: [0] })
    expect(facts.cores.length).toBeGreaterThan(0)
    expect(facts.usableCores).not.toContain(0)
    expect(facts.topology.map(({ core }) => core)).toEqual(facts.cores)
  })
})

describe('topology', () => {
  it.each([
    ['0-3,8', [0, 1, 2, 3, 8]],
    ['8,0-1,1\n', [0, 1, 8]],
    ['', []],
    ['x,3-', []],
  ])('parses the list %j', (text, cores) => expect(parseCoreList(text)).toEqual(cores))

  it('tells siblings, socket and NUMA node', () => {
    const sys = '/sys/devices/system'
    const content = {
      [`${sys}/cpu/cpu5/topology/thread_siblings_list`]: '1,5\n',
      [`${sys}/cpu/cpu5/topology/physical_package_id`]: '1\n',
      [`${sys}/node/online`]: '0-1\n',
      [`${sys}/node/node0/cpulist`]: '0-3\n',
      [`${sys}/node/node1/cpulist`]: '4-7\n',
      [`${sys}/cpu/cpu6/topology/physical_package_id`]: '-1\n',
    }
    expect(describeTopology([5, 6, 9], files(content))).toEqual([
      { core: 5, siblings: [1, 5], socket: 1, numaNode: 1 },
      { core: 6, siblings: [6], socket: 0, numaNode: 1 },
      { core: 9, siblings: [9], socket: 0, numaNode: 0 },
    ])
  })
})

describe('the way to yield', () => {
  const both = { application: 10, attempts: 20 } as const
  const grouped = (enabled: string, one: string, other: string) => ({
    '/proc/sys/kernel/sched_autogroup_enabled': `${enabled}\n`,
    '/proc/10/autogroup': `/autogroup-${one} nice 0\n`,
    '/proc/20/autogroup': `/autogroup-${other} nice 19\n`,
  })

  it.each([
    ['one session', grouped('1', '8', '8'), 'kernel'],
    ['two sessions', grouped('1', '8', '9'), 'suspend'],
    ['two sessions without autogroups', grouped('0', '8', '9'), 'kernel'],
    ['nothing to be seen', {}, 'kernel'],
    [
      'two CPU control groups',
      { '/proc/10/cgroup': '3:cpu,cpuacct:/a\n0::/x\n', '/proc/20/cgroup': '3:cpu,cpuacct:/b\n0::/x\n' },
      'suspend',
    ],
    [
      'two groups without the cpu controller',
      {
        '/proc/self/mountinfo': '31 23 0:28 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n',
        '/proc/10/cgroup': '0::/user/session-1\n',
        '/proc/20/cgroup': '0::/user/session-2\n',
        '/sys/fs/cgroup/user/session-1/cgroup.controllers': 'memory pids\n',
        '/sys/fs/cgroup/user/session-2/cgroup.controllers': 'memory pids\n',
        '/sys/fs/cgroup/user/cgroup.controllers': 'cpu memory pids\n',
        '/sys/fs/cgroup/user/cpu.weight': '100\n',
      },
      'kernel',
    ],
    [
      'two groups with it',
      {
        '/proc/self/mountinfo': '31 23 0:28 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n',
        '/proc/10/cgroup': '0::/user/a\n',
        '/proc/20/cgroup': '0::/user/b/c\n',
        '/sys/fs/cgroup/user/a/cgroup.controllers': 'cpu memory pids\n',
        '/sys/fs/cgroup/user/a/cpu.weight': '100\n',
        '/sys/fs/cgroup/user/b/c/cgroup.controllers': 'memory\n',
        '/sys/fs/cgroup/user/b/cgroup.controllers': 'cpu memory pids\n',
        '/sys/fs/cgroup/user/b/cpu.weight': '100\n',
      },
      'suspend',
    ],
    ['two steps', { '/proc/10/cgroup': '0::/step_0\n', '/proc/20/cgroup': '0::/step_1\n' }, 'suspend'],
  ])('with %s', (_, content, expected) => expect(yieldMode(both, files(content))).toBe(expected))
})
