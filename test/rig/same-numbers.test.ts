import { existsSync, readFileSync, statSync, utimesSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import type { OdopEvent } from '../../src/core/events.ts'
import { type RunState, replay, type TaskState } from '../../src/core/state.ts'
import { newTold, tell } from '../../src/views/dashboard/told.ts'
import type { ReportJson } from '../../src/views/report/report-json.ts'
import { type Summary, summarySchema } from '../../src/views/summary-schema.ts'
import { ask } from '../api/served.ts'
import {
  attemptsOfCsv,
  expectSameNumbers,
  itemsOfCsv,
  type Numbers,
  numbersOfAttempts,
  numbersOfFrame,
  numbersOfItems,
  numbersOfMetrics,
  numbersOfNodesCsv,
  numbersOfPage,
  numbersOfStatus,
  numbersOfSummary,
  numbersOfTask,
  numbersOfText,
  tableOf,
  totalMemoryInWords,
} from './numbers.ts'
import { createRig, odop, type Rig, type Started, until } from './rig.ts'

/** Of each way in which a work item may end, or not. Attempts at `hold` take until the file `release` is there. */
const TASKS = `
import { existsSync, writeFileSync } from 'node:fs'
import { fileIn, task } from 'odop'
const isOf = kind => ({ filter: kind + '*' })
export const good = task({ trigger: fileIn('data', isOf('good')) }, () => {
  for (const begin = process.cpuUsage().user; process.cpuUsage().user - begin < 300_000;);
})
export const flaky = task({ trigger: fileIn('data', isOf('flaky')), retries: { limit: 1, delay: 0 } }, ({ file }) => {
  const mark = 'tried-' + file.split('/').pop()
  if (existsSync(mark)) return
  writeFileSync(mark, '')
  throw new Error('it fails the first time')
})
export const bad = task({ trigger: fileIn('data', isOf('bad')), retries: 0 }, () => { throw new Error('a bad file') })
export const slow = task({ trigger: fileIn('data', isOf('slow')), retries: 0, time: '1s', command: () => ['sleep', '60'] })
export const made = task({ trigger: fileIn('data', isOf('made')), outputs: '{name}.out', command: () => ['false'] })
export const never = task({ trigger: fileIn('data', isOf('good')), memory: '500T', command: () => ['true'] })
export const hold = task({ trigger: fileIn('held'), time: '10m' }, async () => {
  while (!existsSync('release')) await new Promise(go => setTimeout(go, 50))
})
`
/** How many of each end, and what the summary then says. */
const EXPECTED = {
  good: { ends: 3, numbers: { completed: 3, attempts: 3 } },
  flaky: { ends: 1, numbers: { completed: 1, attempts: 2 } },
  bad: { ends: 1, numbers: { failed: 1, attempts: 1 } },
  slow: { ends: 1, numbers: { timeout: 1, attempts: 1 } },
  made: { ends: 1, numbers: { completed: 1, upToDate: 1, attempts: 0 } },
  never: { ends: 0, numbers: { left: 3, attempts: 0 } },
}
const NONE = { completed: 0, failed: 0, timeout: 0, cancelled: 0, left: 0, upToDate: 0 }

function userFolder(): Rig {
  const rig = createRig()
  rig.write('tasks/all.mjs', TASKS)
  for (const name of ['good1', 'good2', 'good3', 'flaky1', 'bad1', 'slow1', 'made1'])
    rig.write(`data/${name}`, 'x')
  rig.write('made1.out', 'newer')
  const longAgo = new Date('2026-01-01')
  utimesSync(path.join(rig.folder, 'data/made1'), longAgo, longAgo)
  return rig
}

/** Starts a run whose application ends when the file `end` is there; everything short has ended, one of three at `hold` runs. */
async function startRun(rig: Rig): Promise<Started> {
  const application = ['sh', '-c', 'until [ -e end ]; do sleep 0.1; done']
  const run = rig.start([odop, 'run', '--name', 'told', '--max-cpus', '1', '--', ...application])
  const task = (name: string) => stateNow(rig)?.tasks.get(name)
  await until(
    'the short work has ended',
    () => Object.entries(EXPECTED).every(([name, { ends }]) => endedOf(task(name)) === ends),
    90,
  )
  for (const name of ['h1', 'h2', 'h3']) rig.write(`held/${name}`, 'x')
  await until(
    'one is held, two wait, and what the cores did is recorded',
    () =>
      task('hold')?.running.size === 1 &&
      task('hold')?.pendingCount === 2 &&
      [...(stateNow(rig)?.usage.values() ?? [])].some(({ coreSeconds }) => coreSeconds.tasks > 0),
    60,
  )
  return run
}

function stateNow(rig: Rig): RunState | null {
  return existsSync(folder(rig, 'events.ndjson')) ? replay(rig.events('told')) : null
}

function endedOf(task: TaskState | undefined): number {
  return Object.values(task?.ended ?? {}).reduce((sum, count) => sum + count, 0)
}

function folder(rig: Rig, file: string): string {
  return path.join(rig.odopPath, 'runs/told', file)
}

/** What every command tells of the run; `events` is where the journal stood when it was asked. */
async function toldByCommands(rig: Rig): Promise<Record<string, Numbers>> {
  const print = async (...words: string[]) => {
    const { code, stdout, stderr } = await rig.odop(words)
    expect([words, code, stderr]).toEqual([words, 0, ''])
    return stdout.toString()
  }
  const csv = (table: string) => print('report', 'told', '--format', 'csv', '--table', table)
  const status = JSON.parse(await print('status', 'told', '--json'))
  const names: string[] = status.tasks.map(({ name }: { name: string }) => name)
  const [json, text, page, attempts, items, nodes, frame, ...details] = await Promise.all([
    print('report', 'told', '--format', 'json'),
    print('report', 'told'),
    print('report', 'told', '--format', 'html', '--output', '-'),
    csv('attempts'),
    csv('items'),
    csv('nodes'),
    print('top', 'told'),
    ...names.map(name => print('status', 'told', '--task', name, '--json')),
  ])
  const report: ReportJson = JSON.parse(json)
  const { summary } = report
  const isOver = report.state === 'ended' || report.state === 'interrupted'
  return {
    'status --json': numbersOfStatus(status),
    'report --format json': exceptTimes(numbersOfSummary(summary), isOver),
    'attempts of report --format json': numbersOfAttempts(report.attempts),
    report: exceptTimes(numbersOfText(text, summary), isOver),
    page: exceptTimes(numbersOfPage(page), isOver),
    'attempts of the page': numbersOfPageAttempts(page),
    'attempts.csv': numbersOfAttempts(attemptsOfCsv(attempts)),
    'items.csv': numbersOfItems(itemsOfCsv(items)),
    'nodes.csv': numbersOfNodesCsv(nodes),
    top: numbersOfFrame(frame, summary),
    ...(isOver ? { 'memory of report --format json': totalMemoryInWords(summary) } : {}),
    ...Object.fromEntries(
      details.map((detail, at) => [`status --task ${names[at]}`, numbersOfTask(JSON.parse(detail))]),
    ),
  }
}

/** Those that go on while the run lives. */
function exceptTimes(numbers: Numbers, isOver: boolean): Numbers {
  if (isOver) return numbers
  const { end: _, wallSeconds: __, 'wallSeconds in words': ___, ...rest } = numbers
  return rest
}

function numbersOfPageAttempts(page: string): Numbers {
  return numbersOfAttempts(
    tableOf(page, 'table-attempts').map(row => ({
      task: row['Attempt']?.text.split('#')[0] ?? '',
      state: row['State']?.text ?? '',
      wallSeconds: row['Time']?.order ?? null,
      cpuSeconds: row['CPU']?.order ?? null,
      peakMemoryBytes: row['Memory']?.order ?? null,
    })),
  )
}

async function toldByApi(rig: Rig): Promise<Record<string, Numbers>> {
  const socketPath = folder(rig, 'control.sock')
  const get = async (asked: string) => {
    const reply = await ask({ socketPath }, asked)
    expect([asked, reply.status]).toEqual([asked, 200])
    return reply
  }
  const json = async (asked: string) => (await get(asked)).json() as never
  const { items } = (await json('/items?limit=1000')) as { items: { task: string; state: string }[] }
  const { tasks } = (await json('/tasks')) as { tasks: { name: string }[] }
  const details = await Promise.all(
    tasks.map(async ({ name }) => [`/status/${name}`, numbersOfTask(await json(`/status/${name}`))]),
  )
  return {
    '/summary': exceptTimes(numbersOfSummary(await json('/summary')), false),
    '/status': numbersOfStatus(await json('/status')),
    '/items': numbersOfItems(items),
    '/metrics': numbersOfMetrics((await get('/metrics')).text),
    ...Object.fromEntries(details),
  }
}

/** What all of them tell of one moment: nothing was recorded while they were asked. */
async function toldAtOneMoment(rig: Rig): Promise<Record<string, Numbers>> {
  let views: Record<string, Numbers> = {}
  await until(
    'they were all asked between two events',
    async () => {
      const { size } = statSync(folder(rig, 'events.ndjson'))
      const commands = await toldByCommands(rig)
      views = { ...commands, ...(await toldByApi(rig)) }
      return statSync(folder(rig, 'events.ndjson')).size === size
    },
    120,
  )
  return views
}

/** Every value of the summary must have been told by a view of another kind, too. */
function expectAllTold(summary: Numbers, views: Readonly<Record<string, Numbers>>): void {
  const others = Object.entries(views).flatMap(([view, numbers]) =>
    SUMMARIES.includes(view) ? [] : Object.keys(numbers),
  )
  const told = new Set(others)
  expect(Object.keys(summary).filter(key => !told.has(key) && !ONLY_IN_SUMMARIES.test(key))).toEqual([])
}

const SUMMARIES = ['summary.json', 'report --format json', '/summary']

/** How the slowdown was found. What it comes to, and what was saved, others tell in words. */
const ONLY_IN_SUMMARIES = /^totals\.interference\.|^slowdown\.|^savedSeconds$/

describe('every number of a run is the same wherever it is told', () => {
  test('while the run lives, and when it has ended', { timeout: 400_000 }, async () => {
    await using rig = userFolder()
    const run = await startRun(rig)
    const live = await toldAtOneMoment(rig)
    expectSameNumbers(live)
    expectAllTold(live['/summary'] ?? {}, live)
    expect(live['/metrics']).toMatchObject({ 'tasks.hold.running': 1, 'tasks.hold.pending': 2 })

    expect((await rig.odop(['cancel', 'told', 'hold#3'])).code).toBe(0)
    rig.write('end', '')
    const { code, stderr } = await run.finished
    expect(code).toBe(0)
    const summary = summarySchema.parse(rig.summary('told'))
    const numbers = numbersOfSummary(summary)
    const commands = await toldByCommands(rig)
    const views = {
      'summary.json': numbers,
      'summary.txt': numbersOfText(readFileSync(folder(rig, 'summary.txt'), 'utf8'), summary),
      stderr: numbersOfText(stderr, summary),
      ...commands,
    }
    expectSameNumbers(views)
    expectAllTold(numbers, views)
    // They are the right ones, too.
    const hold = { numbers: { cancelled: 1, left: 2, attempts: 1 } }
    for (const [name, { numbers }] of Object.entries({ ...EXPECTED, hold })) {
      expect(summary.tasks.find(task => task.name === name)).toMatchObject({ ...NONE, ...numbers })
    }
    expect(commands['status --task hold']).toMatchObject({ 'attempts of hold that ended requeued': 1 })
    expect(commands['status --task flaky']).toMatchObject({ 'attempts of flaky that ended failed': 1 })
    expect(summary.totals.coreSeconds.tasks).toBeGreaterThan(0.5)
    await expectSameSeries(rig, summary)
    expectSameHistory(rig.events('told'), summary)
  })

  test('when a task was removed, odop was killed, and another launch has gone on', {
    timeout: 400_000,
  }, async () => {
    await using rig = userFolder()
    const run = await startRun(rig)
    expect((await rig.odop(['tasks', 'remove', 'told', 'never'])).code).toBe(0)
    const live = await toldAtOneMoment(rig)
    expectSameNumbers(live)
    expect(live['/items']).toMatchObject({ 'tasks.never.cancelled': 3, 'tasks.never.pending': 0 })

    process.kill(run.pid, 'SIGKILL')
    rig.write('end', '')
    await run.finished
    const isOver = async () => (await rig.odop(['status', 'told'])).stdout.toString().includes('interrupted')
    await until('it counts as interrupted', isOver)
    const interrupted = await toldByCommands(rig)
    expectSameNumbers(interrupted)
    expect(interrupted['items.csv']).toMatchObject({ 'tasks.hold.running': 0, 'tasks.hold.pending': 3 })
    expect(interrupted['attempts.csv']).toMatchObject({ 'attempts of hold that ended requeued': 1 })

    rig.write('release', '')
    expect((await rig.odop(['drain', 'told', '--quiet'])).code).toBe(1)
    const summary = summarySchema.parse(rig.summary('told'))
    const commands = await toldByCommands(rig)
    expectSameNumbers({ 'summary.json': numbersOfSummary(summary), ...commands })
    expect(summary.tasks.find(({ name }) => name === 'hold')).toMatchObject({
      completed: 3,
      left: 0,
      attempts: 4,
    })
    expect(commands['status --task hold']).toMatchObject({ 'attempts of hold that ended requeued': 1 })
  })
})

/** The pictures are drawn from the nodes' metrics, which have thousandths of a core and begin with the launch. */
async function expectSameSeries(rig: Rig, { wallSeconds, totals }: Summary): Promise<void> {
  const { stdout } = await rig.odop(['report', 'told', '--format', 'json'])
  const { series }: ReportJson = JSON.parse(stdout.toString())
  const { cores, binSeconds, bins } = series
  for (const part of ['app', 'tasks', 'odop'] as const) {
    const seconds = cores[part].reduce((sum, value, bin) => {
      return sum + value * Math.min(binSeconds, wallSeconds - bin * binSeconds)
    }, 0)
    const all = totals.coreSeconds[part]
    expect(Math.abs(seconds - all), `${part}: ${seconds} of ${all}`).toBeLessThan(0.1 * all + 0.1)
  }
  for (let bin = 0; bin < bins - 1; bin += 1) {
    const sum = [cores.app, cores.tasks, cores.odop, cores.idle].reduce(
      (all, part) => all + (part[bin] ?? 0),
      0,
    )
    expect(sum).toBeCloseTo(totals.cores, 1)
  }
}

/** What the dashboard's history adds up to. */
function expectSameHistory(events: readonly OdopEvent[], { totals }: Summary): void {
  const told = newTold()
  for (const event of events) tell(told, event)
  for (const part of ['total', 'app', 'tasks', 'odop', 'idle'] as const) {
    const seconds = told.history.whole.reduce((sum, { use }) => sum + use[part], 0)
    // Each use that is recorded is rounded to thousandths, and none is less than nothing.
    expect(Math.abs(seconds - totals.coreSeconds[part]), part).toBeLessThan(0.1)
  }
}
