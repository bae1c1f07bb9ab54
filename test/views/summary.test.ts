import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { OdopEvent } from '../../src/core/events.ts'
import { summarize } from '../../src/views/summary.ts'
import { type Summary, summarySchema } from '../../src/views/summary-schema.ts'
import {
  at,
  ended,
  launched,
  launchStarted,
  nodeFacts,
  nodeUsage,
  queued,
  started,
  taskDefinition,
  told,
} from './samples.ts'

const attemptLog = (attempt: string) => `/runs/heat/logs/${attempt}.log`

function summaryOf(...events: readonly OdopEvent[]): Summary {
  const { state, details } = told(...events)
  const summary = summarize(state, { now: at(100), details, attemptLog })
  if (summary === null) throw new Error('nothing was launched')
  return summary
}

const wholeRun: readonly OdopEvent[] = [
  ...launched(),
  queued('reduce', 1, 1),
  queued('reduce', 2, 1),
  queued('reduce', 3, 1),
  queued('reduce', 4, 5),
  started('reduce', '1.1', 2),
  ended('reduce', '1.1', 4),
  started('reduce', '2.1', 4),
  ended('reduce', '2.1', 6, { outcome: 'failed', reason: 'exit code 3\nmore', retryAt: null }),
  started('reduce', '3.1', 6),
  ended('reduce', '3.1', 8, { outcome: 'timeout', reason: 'took longer than 2s', retryAt: at(60) }),
  { type: 'usage', at: at(9), usage: nodeUsage('n1') },
  { type: 'application-ended', at: at(9), code: 42, signal: null },
  { type: 'launch-ended', at: at(10.1234) },
]

describe('summarize', () => {
  it('is null before the first launch', () => {
    const { state, details } = told()
    expect(summarize(state, { now: 0, details, attemptLog })).toBeNull()
  })

  it('tells how much of the time a GPU was used, and of its memory what is known', () => {
    const known = { index: 1, knownSeconds: 8, usedSeconds: 2, peakMemoryBytes: 5, memoryBytes: 9 }
    const unknown = { index: 2, knownSeconds: 0, usedSeconds: 0, peakMemoryBytes: null, memoryBytes: null }
    const usage = nodeUsage('n1', { gpus: [known, unknown] })
    const summary = summaryOf(...wholeRun, { type: 'usage', at: at(9), usage })
    expect(summarySchema.parse(summary)).toEqual(summary)
    expect(summary.nodes[0]?.gpus).toEqual([
      { index: 1, use: 0.25, memoryBytes: { limit: 9, peak: 5 } },
      { index: 2, use: null, memoryBytes: { limit: null, peak: null } },
    ])
  })

  it('tells a run as summary.json does, in its order', () => {
    const summary = summaryOf(...wholeRun)
    expect(summarySchema.parse(summary)).toEqual(summary)
    expect(Object.keys(summary)).toEqual(Object.keys(summarySchema.shape))
    expect(summary).toEqual({
      schema: 1,
      run: 'heat',
      user: null,
      job: null,
      command: ['node', 'heat.js'],
      exit: { code: 42, signal: null },
      start: '2026-03-01T12:00:00.000Z',
      end: '2026-03-01T12:00:10.123Z',
      wallSeconds: 10.123,
      nodes: [
        {
          name: 'n1',
          cores: 2,
          yield: 'kernel',
          yieldReason: null,
          otherCoreSeconds: null,
          coreSeconds: { total: 20, app: 10, tasks: 8, odop: 0.5, idle: 1.5 },
          memoryBytes: nodeUsage('n1').memoryBytes,
          appRunDelaySeconds: 0.25,
          interference: null,
          gpus: [],
        },
      ],
      totals: {
        cores: 2,
        coreSeconds: { total: 20, app: 10, tasks: 8, odop: 0.5, idle: 1.5 },
        memoryBytes: nodeUsage('n1').memoryBytes,
        appRunDelaySeconds: 0.25,
        interference: null,
      },
      slowdown: { share: null, by: null, allowed: null, progress: null },
      harvest: { availableCoreSeconds: 10, harvestedCoreSeconds: 8, share: 0.8 },
      savedSeconds: 2.877,
      tasks: [
        {
          name: 'reduce',
          completed: 1,
          failed: 1,
          timeout: 0,
          cancelled: 0,
          left: 2,
          upToDate: 0,
          attempts: 3,
          wallSeconds: 6,
          cpuSeconds: 4.5,
          peakMemoryBytes: 1000,
          waitSeconds: { median: expect.closeTo(3, 1), max: 5 },
        },
      ],
      advice: [
        '2 work items were left over, some 2s of work on all cores: --drain=1m works them off when the application has ended',
      ],
      notes: [
        '2 work items of reduce are left; work them off with: odop drain heat',
        'reduce: 1 work item failed, 1 work item failed and will be tried again; ' +
          'the last, reduce#3.1: took longer than 2s; log: /runs/heat/logs/reduce#3.1.log',
      ],
    })
  })

  it('takes now for the end of a launch that goes on, and never ends before it starts', () => {
    expect(summaryOf(...launched()).wallSeconds).toBe(100)
    expect(summaryOf(launchStarted(200)).wallSeconds).toBe(0)
  })

  it('tells of a drain that no application ran', () => {
    expect(summaryOf(launchStarted(0, { mode: 'drain' })).exit).toEqual({ code: null, signal: null })
  })

  it('has a node that was never measured, and no share of nothing', () => {
    const summary = summaryOf(...launched())
    expect(summary.nodes[0]?.coreSeconds.total).toBe(0)
    expect(summary.nodes[0]?.memoryBytes.limit).toBe(4 * 1024 ** 3)
    expect(summary.harvest.share).toBe(0)
    expect(summary.totals.appRunDelaySeconds).toBeNull()
  })

  it('does not sum delays when one of the nodes does not say', () => {
    const summary = summaryOf(
      ...launched(),
      { type: 'node-joined', at: at(0), facts: nodeFacts('n2') },
      { type: 'usage', at: at(9), usage: nodeUsage('n1') },
      { type: 'usage', at: at(9), usage: nodeUsage('n2', { appRunDelaySeconds: null }) },
    )
    expect(summary.totals.appRunDelaySeconds).toBeNull()
    expect(summary.totals.coreSeconds.total).toBe(40)
    expect(summary.totals.cores).toBe(4)
  })

  it('holds its format and accounts for every core-second, whatever was measured', () => {
    const amount = fc.double({ min: 0, max: 1e9, noNaN: true })
    const usage = fc.tuple(amount, amount, amount, amount).map(([app, tasks, odop, idle]) =>
      nodeUsage('', {
        coreSeconds: { total: app + tasks + odop + idle, app, tasks, odop, idle },
      }),
    )
    fc.assert(
      fc.property(fc.array(usage, { maxLength: 5 }), usages => {
        const nodes = usages.flatMap((one, index): readonly OdopEvent[] => [
          { type: 'node-joined', at: at(0), facts: nodeFacts(`n${index}`) },
          { type: 'usage', at: at(9), usage: { ...one, node: `n${index}` } },
        ])
        const summary = summaryOf(launchStarted(), ...nodes)
        expect(summarySchema.parse(summary)).toEqual(summary)
        for (const { coreSeconds } of [...summary.nodes, summary.totals]) {
          const { total, app, tasks, odop, idle } = coreSeconds
          expect(Math.abs(total - (app + tasks + odop + idle))).toBeLessThan(0.003)
        }
        const { total, app } = summary.totals.coreSeconds
        expect(Math.abs(summary.harvest.availableCoreSeconds - (total - app))).toBeLessThan(0.002)
      }),
    )
  })
})

describe('notes', () => {
  const notesOf = (...events: readonly OdopEvent[]) => summaryOf(...events).notes

  it('are empty when all went well', () => {
    expect(
      notesOf(...launched(), queued('reduce', 1, 1), started('reduce', '1.1', 2), ended('reduce', '1.1', 3)),
    ).toEqual([])
  })

  it('say what is left of several tasks, with a command that a shell takes', () => {
    const notes = notesOf(
      launchStarted(0, { run: 'my run' }),
      { type: 'task-defined', at: at(0), task: taskDefinition('reduce') },
      { type: 'task-defined', at: at(0), task: taskDefinition('render') },
      queued('reduce', 1, 1),
      queued('render', 1, 1),
    )
    expect(notes).toEqual(["2 work items of 2 tasks are left; work them off with: odop drain 'my run'"])
  })

  it('do not count what is queued for as long as the application runs', () => {
    const task = taskDefinition('watch', { trigger: { kind: 'background' } })
    expect(notesOf(...launched(), { type: 'task-defined', at: at(0), task }, queued('watch', 1, 1))).toEqual(
      [],
    )
  })

  it('name the node that has the files of what is left', () => {
    const item = { id: 'reduce#1', task: 'reduce', files: ['/scratch/a'], version: null, node: 'n2' }
    expect(
      notesOf(...launched(), { type: 'item-queued', at: at(1), item: { ...item, queuedAt: at(1) } }),
    ).toEqual([
      '1 work item of reduce is left; work it off with: odop drain heat',
      '1 work item of reduce can only start on n2, where the files are; it was not a node of this launch',
    ])
  })

  it('name a task that is not there any more', () => {
    expect(notesOf(launchStarted(), queued('old', 1, 1))).toEqual([
      '1 work item of old is left; work it off with: odop drain heat',
      'old has work items left, but no task of this name was loaded',
    ])
  })

  it('say what was refused, what can never run here, and each warning once, warnings before remarks', () => {
    const notes = notesOf(
      ...launched(),
      {
        type: 'task-refused',
        at: at(0),
        file: '/work/sim/tasks/bad.ts',
        problem: 'line 3: cpus: expected 1 or more',
      },
      { type: 'task-defined', at: at(0), task: taskDefinition('big', { cpus: 64 }) },
      { type: 'note', at: at(1), level: 'info', text: 'a remark' },
      { type: 'note', at: at(1), level: 'warning', text: 'other users use the cores', node: 'n1' },
      { type: 'note', at: at(2), level: 'warning', text: 'other users use the cores', node: 'n1' },
    )
    expect(notes).toEqual([
      'not used: tasks/bad.ts: line 3: cpus: expected 1 or more',
      'big can never run here: needs 64 cpus, but a node has at most 2 for tasks',
      'n1: other users use the cores',
      'a remark',
    ])
  })

  it('say that times are those of the last launch', () => {
    expect(notesOf(...wholeRun, ...launched()).at(-1)).toMatch(/^this is launch 2 of the run/)
  })

  it('stay few', () => {
    const warnings = Array.from({ length: 50 }, (_, index): OdopEvent => {
      return { type: 'note', at: at(index), level: 'warning', text: `warning ${index}` }
    })
    const notes = notesOf(...launched(), ...warnings)
    expect(notes).toHaveLength(21)
    expect(notes.at(-1)).toBe('and 30 more warnings')
  })
})
