import { describe, expect, test } from 'vitest'
import type { OdopEvent } from '../../src/core/events.ts'
import type { NodeUsage, TaskDefinition } from '../../src/core/model.ts'
import { summarize } from '../../src/views/summary.ts'
import { coresText } from '../../src/views/units.ts'
import {
  at,
  ended,
  launchStarted,
  nodeFacts,
  nodeUsage,
  queued,
  started,
  taskDefinition,
  told,
} from './samples.ts'

const GB = 1024 ** 3

interface Case {
  readonly task?: Partial<TaskDefinition>
  readonly usage?: Partial<NodeUsage>
  readonly events?: readonly OdopEvent[]
  readonly job?: string
  readonly maxSlowdown?: number
}

function adviceOf({ task = {}, usage = {}, events = [], job, maxSlowdown }: Case): string[] {
  const launch = launchStarted(0, job === undefined ? {} : { job })
  const { state, details } = told(
    { ...launch, settings: { ...launch.settings, maxSlowdown: maxSlowdown ?? null } },
    { type: 'node-joined', at: at(0), facts: nodeFacts('n1', 16) },
    { type: 'task-defined', at: at(0), task: taskDefinition('reduce', task) },
    { type: 'application-started', at: at(0), pid: 7 },
    ...events,
    { type: 'usage', at: at(600), usage: nodeUsage('n1', usage) },
    { type: 'application-ended', at: at(600), code: 0, signal: null },
    { type: 'launch-ended', at: at(600) },
  )
  return summarize(state, { now: at(600), details, attemptLog: null })?.advice ?? []
}

const memory = (appPeak: number) => ({
  memoryBytes: { limit: 100 * GB, appPeak, tasksPeak: 0, odopPeak: 0 },
})
const done = (usage: { peakMemoryBytes: number; wallSeconds: number }) => [
  queued('reduce', 1, 1),
  started('reduce', '1.1', 2),
  ended('reduce', '1.1', 9, { usage: { cpuSeconds: 1, ...usage } }),
]
const delay = { seconds: 100, appCpuSeconds: 100, appRunDelaySeconds: 10 }
const interference = {
  beside: { seconds: 300, appCpuSeconds: 1000, appRunDelaySeconds: 120 },
  alone: { ...delay, seconds: 300, appCpuSeconds: 1000, appRunDelaySeconds: 0 },
}

describe('advice', () => {
  test.each<[string, Case, (string | RegExp)[]]>([
    ['nothing to say', {}, []],
    [
      'much more memory than needed in a job',
      { job: '4711', usage: memory(6 * GB) },
      ['peak memory 6% of the 100G of a node: request --mem=8G'],
    ],
    ['the same without a job: nobody has asked for it', { usage: memory(6 * GB) }, []],
    [
      'memory nearly used up',
      { job: '4711', usage: memory(95 * GB) },
      ['peak memory 95% of the 100G of a node: request more with --mem, or give tasks a memory limit'],
    ],
    [
      'cores that nobody used',
      { job: '4711', usage: { ...memory(60 * GB), unusedCores: [15, 12, 13, 14] } },
      ['cores 12-15 of n1 were never used: request fewer, or give odop more to do'],
    ],
    [
      'one core that nobody used, without a job',
      { usage: { unusedCores: [3] } },
      ['core 3 of n1 was never used: there is room for more tasks'],
    ],
    [
      'a task close to its memory limit',
      {
        task: { memoryBytes: 1000 * 1024 ** 2 },
        events: done({ peakMemoryBytes: 960 * 1024 ** 2, wallSeconds: 1 }),
      },
      ["reduce used 960M of the 1000M of memory that an attempt may: give it more, memory: '2G'"],
    ],
    [
      'a task far from its memory limit',
      { task: { memoryBytes: 8 * GB }, events: done({ peakMemoryBytes: 300 * 1024 ** 2, wallSeconds: 1 }) },
      [
        "reduce used 300M of the 8G of memory that an attempt may: with memory: '512M' more run at the same time",
      ],
    ],
    [
      'a task close to its time limit',
      { task: { timeSeconds: 10 }, events: done({ peakMemoryBytes: 0, wallSeconds: 9 }) },
      ["an attempt of reduce takes 9s of the 10s that it may: give it more, time: '20s'"],
    ],
    [
      'a task over its time limit',
      {
        task: { timeSeconds: 10 },
        events: [
          queued('reduce', 1, 1),
          started('reduce', '1.1', 2),
          ended('reduce', '1.1', 12, { outcome: 'timeout', reason: 'took longer', retryAt: null }),
        ],
      },
      ["1 work item of reduce took longer than its 10s: give it more, time: '20s'"],
    ],
    [
      'more cpus than were ever idle',
      {
        task: { cpus: 8 },
        events: [
          queued('reduce', 1, 1),
          queued('reduce', 2, 1),
          queued('reduce', 3, 1),
          { type: 'items-left', at: at(600), task: 'reduce', items: 3, reasons: ['…'], mostIdleCores: 5 },
        ],
      },
      [
        '3 work items of reduce never fitted: 8 cpus wanted, at most 5 were ever idle: let it ask for 5 cpus, or use --drain',
        '3 work items were left over: --drain works them off when the application has ended',
      ],
    ],
    [
      'more cpus than there are',
      { task: { cpus: 64 }, events: [queued('reduce', 1, 1)] },
      [/^1 work item of reduce can never run here: needs 64 cpus, but a node has at most 16 for tasks/],
    ],
    [
      'much left over',
      {
        events: [
          ...done({ peakMemoryBytes: 0, wallSeconds: 600 }),
          ...Array.from({ length: 64 }, (_, index) => queued('reduce', index + 2, 3)),
        ],
      },
      [
        '64 work items were left over, some 40m of work on all cores: --drain=1h works them off when the application has ended',
      ],
    ],
    [
      'a slower application',
      { usage: { interference } },
      [/^the application was slowed down by \d+%: let odop draw back with --max-slowdown 3%/],
    ],
    [
      'a slower application than allowed',
      { usage: { interference }, maxSlowdown: 0.03 },
      [
        /^the application was slowed down by \d+%, though 3% are allowed: leave it cores with --reserve-cores 1/,
      ],
    ],
  ])('%s', (_, given, advice) => {
    const said = adviceOf(given)
    expect(said).toHaveLength(advice.length)
    for (const [index, expected] of advice.entries()) {
      if (typeof expected === 'string') expect(said[index]).toBe(expected)
      else expect(said[index]).toMatch(expected)
    }
  })

  test('lists of cores are as Linux writes them', () => {
    expect(coresText([])).toBe('')
    expect(coresText([7, 0, 1, 3, 2])).toBe('0-3,7')
  })
})

test('what was saved is what the tasks would have taken afterwards, less the drain', () => {
  const saved = (drainSeconds: number) => {
    const { state, details } = told(
      launchStarted(0),
      { type: 'node-joined', at: at(0), facts: nodeFacts('n1', 2) },
      { type: 'application-started', at: at(0), pid: 7 },
      { type: 'usage', at: at(9), usage: nodeUsage('n1') },
      { type: 'application-ended', at: at(9), code: 0, signal: null },
      { type: 'launch-ended', at: at(9 + drainSeconds) },
    )
    return summarize(state, { now: at(99), details, attemptLog: null })?.savedSeconds
  }
  expect(saved(0)).toBe(4)
  expect(saved(3)).toBe(1)
  expect(saved(30)).toBe(0)
})
