import { describe, expect, test } from 'vitest'
import { memoryHierarchies } from '../../bench/memory-cgroup.ts'

const V1 = 'cgroup /sys/fs/cgroup/memory cgroup rw,nosuid,memory 0 0'
const V1_CPU = 'cgroup /sys/fs/cgroup/cpu cgroup rw,cpu,cpuacct 0 0'
const HYBRID = 'cgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0'
const V2 = 'cgroup2 /sys/fs/cgroup cgroup2 rw,nsdelegate 0 0'

describe('memory cgroups of the bench', () => {
  test('version 1 goes before version 2, which has no memory beside it', () => {
    const own = '8:memory:/job_7/step_0\n3:cpu,cpuacct:/\n0::/\n'
    expect(memoryHierarchies([V1_CPU, V1, HYBRID].join('\n'), own)).toEqual([
      { version: 1, mount: '/sys/fs/cgroup/memory', path: '/job_7/step_0' },
      { version: 2, mount: '/sys/fs/cgroup/unified', path: '/' },
    ])
  })

  test('version 2 alone', () => {
    expect(memoryHierarchies(V2, '0::/user.slice/session-1.scope\n')).toEqual([
      { version: 2, mount: '/sys/fs/cgroup', path: '/user.slice/session-1.scope' },
    ])
  })

  test('none is mounted', () => {
    expect(memoryHierarchies(V1_CPU, '3:cpu,cpuacct:/\n')).toEqual([])
  })
})
