import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { finishReport, readDraft } from '../../../src/cli/read-report.ts'
import type { OdopEvent } from '../../../src/core/events.ts'
import { openMetrics } from '../../../src/journal/metrics-csv.ts'
import { type RunPaths, runPaths } from '../../../src/journal/run-paths.ts'
import { figureSvg } from '../../../src/views/report/figure-svg.ts'
import { MOST_BLOCKS } from '../../../src/views/report/gantt.ts'
import { reductionTexts } from '../../../src/views/report/page/texts.ts'
import type { Report } from '../../../src/views/report/report.ts'
import { reportJson } from '../../../src/views/report/report-json.ts'
import { MOST_ROWS } from '../../../src/views/report/rows.ts'
import { createRig, type Rig } from '../../rig/rig.ts'
import { at, ended, launched, launchStarted, nodeFacts, queued, started, taskDefinition } from '../samples.ts'
import { type GeneratedRun, writeGeneratedRun } from './generated-run.ts'

const RUN: GeneratedRun = { name: 'made-up', nodes: 2, cores: 4, hours: 1, attempts: 40, every: 10 }

function writeJournal(rig: Rig, run: string, events: readonly OdopEvent[]): RunPaths {
  const paths = runPaths(rig.odopPath, run)
  mkdirSync(path.dirname(paths.metrics('n')), { recursive: true })
  writeFileSync(paths.journal, `{"schema":1}\n${events.map(event => `${JSON.stringify(event)}\n`).join('')}`)
  return paths
}

async function reportOf(paths: RunPaths, { alive = false, now = at(100) } = {}): Promise<Report> {
  const read = await readDraft({ paths, alive, now })
  if (read === null) throw new Error('the journal holds no launch')
  return finishReport(read.draft, paths)
}

async function generated(rig: Rig, run: GeneratedRun): Promise<Report> {
  writeGeneratedRun(rig.odopPath, run)
  return reportOf(runPaths(rig.odopPath, run.name))
}

const sum = (values: readonly number[]) => values.reduce((all, value) => all + value, 0)

test('the series add up to the core-seconds of the summary', async () => {
  await using rig = createRig()
  const { summary, timeline } = await generated(rig, { ...RUN, hours: 5 })
  expect(timeline.binSeconds).toBeGreaterThan(10)
  const rows = timeline.rows.map(({ used }) => sum(used.map(share => share ?? 0)) / timeline.bins)
  expect(rows).toHaveLength(8)
  // What is used at one time is made up separately for the journal and the metrics: here only the metrics count.
  const { app, tasks, odop, idle } = timeline.cores
  const total = sum([...app, ...tasks, ...odop, ...idle]) * timeline.binSeconds
  expect(total).toBeCloseTo(summary.totals.coreSeconds.total, 0)
})

test('each bin of a core has the mean and the maximum of what was measured', async () => {
  await using rig = createRig()
  const paths = writeJournal(rig, 'run', [...launched(), { type: 'launch-ended', at: at(1440) }])
  const writer = openMetrics({ file: paths.metrics('n1'), cores: [0, 1] })
  const none = { appMemoryBytes: 0, tasksMemoryBytes: 0, odopMemoryBytes: 0, taskCores: 0, odopCores: 0 }
  for (let seconds = 10; seconds <= 1440; seconds += 10) {
    const share = seconds % 20 === 0 ? 0.25 : 0.75
    writer.append({ ...none, at: at(seconds), appCores: share, coreShares: [share, 0] })
  }
  await writer.close()
  const { timeline } = await reportOf(paths)
  expect([timeline.binSeconds, timeline.bins, timeline.measurements]).toEqual([5, 288, 144])
  const [first, second] = timeline.rows
  expect(first?.used.slice(0, 5)).toEqual([0.75, 0.75, 0.25, 0.25, 0.75])
  expect(second?.usedMax.slice(0, 2)).toEqual([0, 0])
  expect(timeline.cores.idle.slice(0, 3)).toEqual([1.25, 1.25, 1.75])
})

test('a core that attempts hold is told from one that the application has', async () => {
  await using rig = createRig()
  const paths = writeJournal(rig, 'run', [
    ...launched(),
    queued('reduce', 1, 1),
    started('reduce', '1.1', 10),
    { type: 'attempt-moved', at: at(20), attempt: 'reduce#1.1', placement: { node: 'n1', cores: [0] } },
    ended('reduce', '1.1', 35),
    { type: 'launch-ended', at: at(60) },
  ])
  const { timeline, gantt, attempts } = await reportOf(paths)
  const heldSeconds = timeline.rows.map(({ held }) => sum(held ?? []) * timeline.binSeconds)
  expect(heldSeconds.map(seconds => Math.round(seconds * 10) / 10)).toEqual([15, 10])
  expect(gantt.blocks.map(({ row, from, to }) => [row, from - at(0), to - at(0)])).toEqual([
    [0, 20_000, 35_000],
    [1, 10_000, 20_000],
  ])
  expect([gantt.attempts, gantt.single, attempts.length]).toEqual([1, 1, 1])
  expect(timeline.measurements).toBe(0)
  expect(timeline.rows[0]?.used[0]).toBeNull()
})

test('the queue is told with its mean and its maximum', async () => {
  await using rig = createRig()
  const paths = writeJournal(rig, 'run', [
    ...launched(),
    queued('reduce', 1, 10),
    queued('reduce', 2, 10),
    started('reduce', '1.1', 10),
    ended('reduce', '1.1', 40),
    { type: 'launch-ended', at: at(60) },
  ])
  const { queue, binSeconds } = (await reportOf(paths)).timeline
  expect(Math.max(...queue.pendingMax)).toBe(2)
  expect(sum(queue.pending) * binSeconds).toBeCloseTo(50, 3)
  expect(sum(queue.running) * binSeconds).toBeCloseTo(30, 3)
})

test('what the fold does not accept is not in the report either', async () => {
  await using rig = createRig()
  const paths = writeJournal(rig, 'run', [
    ...launched(),
    queued('reduce', 1, 1),
    started('reduce', '1.1', 2),
    started('reduce', '1.1', 3),
    started('reduce', '7.1', 3),
    ended('reduce', '9.1', 4),
    ended('reduce', '1.1', 5),
    ended('reduce', '1.1', 6),
    { type: 'launch-ended', at: at(9) },
  ])
  const { summary, attempts } = await reportOf(paths)
  expect(attempts.map(({ attempt, startedAt, endedAt }) => [attempt, startedAt, endedAt])).toEqual([
    ['reduce#1.1', at(2), at(5)],
  ])
  expect(summary.tasks[0]?.attempts).toBe(1)
})

test('a launch that was cut off leaves attempts whose end nobody saw; the next launch has pictures of its own', async () => {
  await using rig = createRig()
  const first = [...launched(), queued('reduce', 1, 1), started('reduce', '1.1', 2)]
  const cut = await reportOf(writeJournal(rig, 'cut', first), { now: at(5000) })
  expect(cut.status.state).toBe('interrupted')
  expect(cut.summary.wallSeconds).toBe(2)
  expect(cut.attempts.map(({ state, endedAt }) => [state, endedAt])).toEqual([['cut off', null]])

  const again: OdopEvent[] = [
    ...first,
    launchStarted(100),
    { type: 'node-joined', at: at(100), facts: nodeFacts('n1') },
    { type: 'task-defined', at: at(100), task: taskDefinition('reduce') },
    started('reduce', '1.2', 101),
    ended('reduce', '1.2', 103),
    { type: 'launch-ended', at: at(110) },
  ]
  const resumed = await reportOf(writeJournal(rig, 'again', again))
  expect(resumed.attempts.map(({ state, launch }) => [state, launch])).toEqual([
    ['cut off', 1],
    ['completed', 2],
  ])
  expect(resumed.timeline.start).toBe(at(100))
  expect(resumed.gantt.attempts).toBe(1)
})

test('a live run is told up to now, with what runs', async () => {
  await using rig = createRig()
  const paths = writeJournal(rig, 'live', [
    ...launched(),
    queued('reduce', 1, 1),
    started('reduce', '1.1', 2),
  ])
  const { status, gantt, timeline } = await reportOf(paths, { alive: true, now: at(50) })
  expect([status.state, timeline.end, gantt.blocks[0]?.to]).toEqual(['live', at(50), at(50)])
})

test('many cores become a line for each node, many nodes a line for several, and it is said', async () => {
  await using rig = createRig()
  const nodes = await generated(rig, { ...RUN, name: 'nodes', nodes: 40, cores: 8, every: 300 })
  expect(nodes.timeline.kind).toBe('node')
  expect(nodes.timeline.rows).toHaveLength(40)
  expect(nodes.timeline.rows[3]?.held).toBeNull()
  const { parts, used } = nodes.timeline.rows[3] ?? {}
  expect((parts?.app[5] ?? 0) + (parts?.tasks[5] ?? 0) + (parts?.odop[5] ?? 0)).toBeCloseTo(
    used?.[5] ?? -1,
    6,
  )
  expect(reductionTexts(nodes.timeline, nodes.gantt, 320).join(' ')).toContain(
    'each of the 40 lines is a node',
  )

  const groups = await generated(rig, { ...RUN, name: 'groups', nodes: 300, cores: 2, every: 600 })
  expect(groups.timeline.kind).toBe('nodes')
  expect(groups.timeline.rows.length).toBeLessThanOrEqual(MOST_ROWS)
  expect(groups.timeline.rows[0]?.name).toBe('n001 … n003')
  expect(reductionTexts(groups.timeline, groups.gantt, 600).join(' ')).toContain('several nodes')
})

test('too many attempts share bars, none is forgotten, and it is said', async () => {
  await using rig = createRig()
  const { gantt, attempts, timeline } = await generated(rig, {
    ...RUN,
    nodes: 8,
    attempts: 15_000,
    every: 600,
  })
  expect(gantt.blocks.length).toBeLessThanOrEqual(MOST_BLOCKS)
  expect(gantt.joinedWithinSeconds).toBeGreaterThan(0)
  expect(sum(gantt.blocks.map(block => block.attempts))).toBe(15_000)
  expect(sum(gantt.blocks.map(block => block.failed))).toBe(150)
  expect(attempts).toHaveLength(15_000)
  expect(reductionTexts(timeline, gantt, 32).join(' ')).toContain('15,000 attempts are too many bars')
})

test('the figure is the same for the same run, and its texts are escaped', async () => {
  await using rig = createRig()
  const report = await generated(rig, { ...RUN, name: 'a&b' })
  const svg = figureSvg(report)
  expect(figureSvg(await reportOf(runPaths(rig.odopPath, 'a&b')))).toBe(svg)
  expect(svg).toContain('Use of cores in the run a&#38;b')
  expect(svg.match(/<rect /g)?.length).toBeGreaterThan(40)
  expect(svg).not.toMatch(/NaN|undefined|Infinity/)
})

test('JSON has the summary as it is, the series and every attempt', async () => {
  await using rig = createRig()
  const report = await generated(rig, RUN)
  const json = reportJson(report)
  expect(json.summary).toBe(report.summary)
  expect(json.attempts).toHaveLength(40)
  expect(json.series.cores.app).toHaveLength(json.series.bins)
  expect(json.series.rows.used.map(row => row.length)).toEqual(Array(8).fill(json.series.bins))
  expect(JSON.stringify(json)).not.toContain('NaN')
})
