import { describe, expect, it } from 'vitest'
import { KernelKills } from '../../src/node/kernel-kills.ts'
import { sampleTask } from '../sample-task.ts'

const MIB = 2 ** 20

const GROUPS = {
  'a control group of version 2': {
    '/proc/self/cgroup': '0::/job\n',
    '/proc/self/mountinfo': '31 23 0:28 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n',
    '/sys/fs/cgroup/job/memory.events': 'oom 9\noom_kill KILLS\noom_group_kill 0\n',
    '/proc/vmstat': 'oom_kill 77\n',
  },
  'a control group of version 1': {
    '/proc/self/cgroup': '4:memory:/job\n0::/\n',
    '/proc/self/mountinfo': '35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory',
    '/sys/fs/cgroup/memory/job/memory.oom_control': 'oom_kill_disable 0\nunder_oom 0\noom_kill KILLS\n',
    '/proc/vmstat': 'oom_kill 77\n',
  },
  'the machine': { '/proc/vmstat': 'nr_free_pages 1\noom_kill KILLS\npgfault 3\n' },
  nothing: {},
} as const

interface Ending {
  readonly failure: string | null
  readonly kind?: 'function' | 'command'
  /** While it ran. */
  readonly kills?: number
  readonly usedBytes?: number
}

function endOf(
  group: keyof typeof GROUPS,
  { failure, kind = 'function', kills = 0, usedBytes = 312 * MIB }: Ending,
) {
  let count = 3
  const files: Record<string, string> = GROUPS[group]
  const kernelKills = new KernelKills({
    limitBytes: 400 * MIB,
    read: file => files[file]?.replace('KILLS', String(count)) ?? null,
  })
  kernelKills.began({ attempt: 'a#1.1', at: 1000 }, sampleTask({ kind }))
  count += kills
  const usage = { wallSeconds: 1, cpuSeconds: 1, peakMemoryBytes: usedBytes }
  const report = {
    type: 'ended',
    attempt: 'a#1.1',
    at: 2000,
    failure,
    usage,
    next: null,
    fault: 'attempt',
  } as const
  const explained = kernelKills.explained(report)
  return explained.type === 'ended' ? { failure: explained.failure, forMemory: explained.forMemory } : null
}

const KILLED = 'killed by SIGKILL'
const BY_KERNEL =
  "by the kernel because memory had ended: the allocation's limit is 400M, and it was last seen to use 312M"

describe('an attempt that was killed', () => {
  it.each(['a control group of version 2', 'a control group of version 1', 'the machine'] as const)(
    'by the kernel, as %s tells',
    group => {
      expect(endOf(group, { failure: KILLED, kills: 1 })).toEqual({
        failure: `ended ${BY_KERNEL}`,
        forMemory: true,
      })
    },
  )

  it.each<[string, Ending, string]>([
    ['its command', { failure: KILLED, kind: 'command', kills: 1 }, `its command was ended ${BY_KERNEL}`],
    [
      'a process of its shell',
      { failure: 'exit code 137', kind: 'command', kills: 1 },
      `exit code 137: a process of it was ended ${BY_KERNEL}`,
    ],
    [
      'before it was seen',
      { failure: KILLED, kills: 2, usedBytes: 0 },
      "ended by the kernel because memory had ended: the allocation's limit is 400M",
    ],
  ])('by the kernel: %s', (_, ending, failure) => {
    expect(endOf('a control group of version 1', ending)).toEqual({ failure, forMemory: true })
  })

  it.each<[string, keyof typeof GROUPS, Ending, string | null]>([
    [
      'by others',
      'the machine',
      { failure: KILLED },
      `${KILLED}, neither by odop nor by the kernel for memory`,
    ],
    [
      'by nobody knows',
      'nothing',
      { failure: KILLED },
      `${KILLED}, perhaps by the kernel because memory had ended`,
    ],
    ['by itself', 'the machine', { failure: 'exit code 137' }, 'exit code 137'],
    ['while the kernel killed another', 'the machine', { failure: 'exit code 1', kills: 1 }, 'exit code 1'],
    ['not at all', 'the machine', { failure: null, kills: 1 }, null],
  ])('%s', (_, group, ending, failure) => {
    expect(endOf(group, ending)).toEqual({ failure, forMemory: undefined })
  })
})
