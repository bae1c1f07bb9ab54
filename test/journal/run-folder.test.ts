import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, afterEach, beforeEach, expect, test } from 'vitest'
import { openJournal } from '../../src/journal/journal-writer.ts'
import { type ListedRun, listRuns } from '../../src/journal/list-runs.ts'
import { openMetrics } from '../../src/journal/metrics-csv.ts'
import { type OpenRunResult, openRun, type RunFolder } from '../../src/journal/run-folder.ts'
import { isLocked } from '../../src/journal/run-lock.ts'
import type { RunName } from '../../src/journal/run-name.ts'
import { runPaths } from '../../src/journal/run-paths.ts'
import { launchStarted, numbered } from './events.ts'

const base = mkdtempSync(path.join(tmpdir(), 'odop-runs-'))
afterAll(() => rmSync(base, { recursive: true, force: true }))

let odopPath: string
let count = 0
const openRuns: RunFolder[] = []
const children: ChildProcess[] = []
beforeEach(() => {
  odopPath = path.join(base, `odop-${count++}`)
})
afterEach(async () => {
  for (const run of openRuns.splice(0)) await run.close()
  for (const child of children.splice(0)) child.kill('SIGKILL')
})

const named = (name: string): RunName => ({ name, resume: 'always' })
const made = (name: string): RunName => ({ name, resume: 'never' })
const requeued = (name: string, restarts: number): RunName => ({ name, resume: restarts })

async function open(name: RunName) {
  const result = await openRun({ odopPath, name })
  if (result.kind === 'open') openRuns.push(result.run)
  return result
}

async function opened(name: RunName) {
  const result = await open(name)
  if (result.kind !== 'open') throw new Error(result.reason)
  return { ...result.run, warnings: result.warnings }
}

const reasonOf = (result: OpenRunResult) => (result.kind === 'unavailable' ? result.reason : 'open')

test('folders are made for the user alone', async () => {
  const { name, paths, resumed, warnings } = await opened(named('r'))
  expect({ name, resumed, warnings }).toEqual({ name: 'r', resumed: false, warnings: [] })
  for (const folder of [odopPath, path.join(odopPath, 'runs'), paths.folder]) {
    expect(statSync(folder).mode & 0o777).toBe(0o700)
  }
})

test('a user’s name goes on where it ended', async () => {
  const first = await opened(named('r'))
  await first.close()
  expect(await opened(named('r'))).toMatchObject({ name: 'r', resumed: true, warnings: [] })
})

test('a name that is under way gets the next suffix and a warning', async () => {
  await opened(named('r'))
  const second = await opened(named('r'))
  expect(second).toMatchObject({ name: 'r-2', resumed: false })
  expect(second.warnings).toEqual(['a run named r is under way; this one is named r-2'])
  await second.close()
  expect(await opened(named('r'))).toMatchObject({ name: 'r-3', resumed: false })
})

test('a name whose launch is ending is waited for', async () => {
  const { ends, close } = await opened(named('r'))
  await ends()
  const next = opened(named('r'))
  // Its lock is asked for now and then; nobody else can have it meanwhile.
  expect(await Promise.race([next, Promise.resolve('waits')])).toBe('waits')
  await close()
  const { name, resumed, warnings } = await next
  expect({ name, resumed, warnings }).toEqual({ name: 'r', resumed: true, warnings: [] })
  // The next launch is not ending.
  expect((await opened(named('r'))).name).toBe('r-2')
})

test('many at the same time get names of their own', async () => {
  const runs = await Promise.all(Array.from({ length: 8 }, () => opened(named('r'))))
  expect(new Set(runs.map(run => run.name)).size).toBe(8)
})

test('a name that odop has made is never one that exists', async () => {
  const first = await opened(made('app-1'))
  await first.close()
  expect(await opened(made('app-1'))).toMatchObject({ name: 'app-1-2', resumed: false, warnings: [] })
})

test('after a requeue each run of the job goes on with its own folder', async () => {
  for (const name of ['job-1', 'job-1-2', 'job-1-3']) {
    const run = await opened(made('job-1'))
    expect(run.name).toBe(name)
    await run.close()
  }
  for (const restarts of [1, 2]) {
    for (const name of ['job-1', 'job-1-2', 'job-1-3']) {
      const run = await opened(requeued('job-1', restarts))
      expect(run).toMatchObject({ name, resumed: true })
      await run.close()
    }
  }
  expect(await opened(requeued('job-1', 2))).toMatchObject({ name: 'job-1-4', resumed: false })
})

test('the lock ends with the process that has it, also at kill -9', async () => {
  const script = `
    const { openRun } = await import(${JSON.stringify(new URL('../../src/journal/run-folder.ts', import.meta.url).href)})
    await openRun({ odopPath: ${JSON.stringify(odopPath)}, name: { name: 'r', resume: 'always' } })
    console.log('open')
    setInterval(() => {}, 1000)`
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  children.push(child)
  await new Promise(resolve => child.stdout.once('data', resolve))
  expect((await opened(named('r'))).name).toBe('r-2')
  const gone = new Promise(resolve => child.once('exit', resolve))
  child.kill('SIGKILL')
  await gone
  expect(await opened(named('r'))).toMatchObject({ name: 'r', resumed: true })
})

test('a folder that others can write to is refused, with what to do', async () => {
  mkdirSync(odopPath)
  chmodSync(odopPath, 0o777)
  expect(reasonOf(await open(named('r')))).toContain(`chmod go-w ${odopPath}`)
  chmodSync(odopPath, 0o755)
  const run = await opened(named('r'))
  await run.close()
  chmodSync(run.paths.folder, 0o770)
  expect(reasonOf(await open(named('r')))).toContain(`chmod go-w ${run.paths.folder}`)
})

const isRoot = process.getuid?.() === 0

test.skipIf(!isRoot)('a folder of another user is refused (skipped: needs root)', async () => {
  mkdirSync(odopPath, { mode: 0o700 })
  chownSync(odopPath, 12345, 12345)
  expect(reasonOf(await open(named('r')))).toContain('found one of user 12345')
})

test.skipIf(isRoot)(
  'an unwritable folder is a value (skipped for root, who can write everywhere)',
  async () => {
    mkdirSync(odopPath, { mode: 0o500 })
    expect(reasonOf(await open(named('r')))).toContain('EACCES')
  },
)

test('a file in place of a folder is a value', async () => {
  writeFileSync(odopPath, '')
  expect((await open(named('r'))).kind).toBe('unavailable')
})

test('ODOP_PATH may be a link', async () => {
  mkdirSync(`${odopPath}-elsewhere`, { mode: 0o700 })
  symlinkSync(`${odopPath}-elsewhere`, odopPath)
  expect((await opened(named('r'))).name).toBe('r')
})

test('paths stay inside the run’s folder, whatever a task is called', () => {
  const paths = runPaths('/o', 'r')
  expect(paths.attemptLog('reduce', 'reduce#12.3')).toBe('/o/runs/r/logs/reduce/12.3.log')
  for (const task of ['..', '.', 'a/../../b', 'a#1', '\u0000', '\ud800']) {
    const file = paths.attemptLog(task, `${task}#1.1`)
    expect(path.normalize(file)).toBe(file)
    expect(file.split('/')).toHaveLength(7)
    expect(path.normalize(paths.scratch(`${task}#1.1`)).startsWith('/o/runs/r/scratch/')).toBe(true)
  }
})

test.skipIf(!isRoot)(
  'a full disk is a value (skipped: needs root, and leave to mount a tmpfs)',
  async context => {
    mkdirSync(odopPath, { mode: 0o700 })
    const mounted = spawnSync('mount', [
      '-t',
      'tmpfs',
      '-o',
      'size=64k,nr_inodes=1,mode=700',
      'odop-test',
      odopPath,
    ])
    if (mounted.status !== 0) return context.skip('mounting is not allowed')
    try {
      expect(reasonOf(await open(named('r')))).toContain('ENOSPC')
    } finally {
      spawnSync('umount', ['-l', odopPath])
    }
  },
)

async function journalOf(run: RunFolder, events: Parameters<ReturnType<typeof openJournal>['append']>[0][]) {
  const journal = openJournal({ file: run.paths.journal, run: run.name, now: () => 0, warn: () => {} })
  for (const event of events) journal.append(event)
  await journal.close()
}

const summary = ({ name, state, started, ended, exit }: ListedRun) => ({ name, state, started, ended, exit })

test('runs are listed with their state, the newest first', async () => {
  const ended = await opened(named('ended'))
  await journalOf(ended, [
    { ...launchStarted, at: 100 },
    { type: 'application-ended', at: 200, code: 3, signal: null },
    ...Array.from({ length: 3000 }, (_, index) => numbered(201 + index, 100)),
    { type: 'launch-ended', at: 9000 },
  ])
  await ended.close()
  const interrupted = await opened(named('interrupted'))
  await journalOf(interrupted, [{ ...launchStarted, at: 300 }, numbered(301)])
  await interrupted.close()
  const again = await opened(named('again'))
  await journalOf(again, [
    { ...launchStarted, at: 50 },
    { type: 'launch-ended', at: 60 },
    { ...launchStarted, at: 150, mode: 'drain', command: [] },
  ])
  await again.close()
  const live = await opened(named('live'))
  await journalOf(live, [{ ...launchStarted, at: 400 }])
  mkdirSync(path.join(odopPath, 'runs', 'no-run'))

  const runs = await listRuns(odopPath, 1e12)
  expect(runs.map(summary)).toEqual([
    { name: 'live', state: 'live', started: 400, ended: null, exit: null },
    { name: 'interrupted', state: 'interrupted', started: 300, ended: null, exit: null },
    { name: 'again', state: 'interrupted', started: 150, ended: null, exit: null },
    { name: 'ended', state: 'ended', started: 100, ended: 9000, exit: { code: 3, signal: null } },
  ])
  expect(runs[2]?.command).toEqual(launchStarted.command)
  expect(await listRuns(path.join(base, 'none'), 0)).toEqual([])
})

test('looking at runs does not take a run from anybody', async () => {
  const first = await opened(named('r'))
  await journalOf(first, [launchStarted])
  await first.close()
  let stop = false
  const looking = (async () => {
    while (!stop) await listRuns(odopPath, 0)
  })()
  for (let round = 0; round < 20; round++) {
    const run = await opened(named('r'))
    expect(run.name).toBe('r')
    await run.close()
  }
  stop = true
  await looking
})

test('several may look at once, and none takes another for the owner', async () => {
  const { paths, close } = await opened(named('r'))
  expect(await Promise.all(Array.from({ length: 20 }, () => isLocked(paths.lock)))).not.toContain(false)
  await close()
  expect(await Promise.all(Array.from({ length: 20 }, () => isLocked(paths.lock)))).not.toContain(true)
})

test('metrics are rows of a CSV with a header, also when they go on', async () => {
  const { paths } = await opened(named('r'))
  mkdirSync(path.dirname(paths.metrics('n1')))
  const row = {
    appCores: 1.23456,
    taskCores: 0,
    odopCores: 0.004,
    appMemoryBytes: 5,
    tasksMemoryBytes: 0,
    odopMemoryBytes: 7,
  }
  for (const at of [0, 1000]) {
    const metrics = openMetrics({ file: paths.metrics('n1'), cores: [0, 4] })
    metrics.append({ at, ...row, coreShares: [1, 0.25] })
    await metrics.close()
  }
  expect(readFileSync(paths.metrics('n1'), 'utf8').split('\n')).toEqual([
    'time,app_cores,task_cores,odop_cores,app_memory_bytes,tasks_memory_bytes,odop_memory_bytes,core0,core4',
    '1970-01-01T00:00:00.000Z,1.235,0,0.004,5,0,7,1,0.25',
    '1970-01-01T00:00:01.000Z,1.235,0,0.004,5,0,7,1,0.25',
    '',
  ])
  const withGpus = openMetrics({ file: paths.metrics('n2'), cores: [0], gpus: [1, 3] })
  const gpus = [
    { share: 0.5, memoryBytes: 7 },
    { share: null, memoryBytes: null },
  ]
  withGpus.append({ at: 0, ...row, coreShares: [1], gpus })
  await withGpus.close()
  const [header, line] = readFileSync(paths.metrics('n2'), 'utf8').split('\n')
  expect(header?.endsWith(',core0,gpu1,gpu1_memory_bytes,gpu3,gpu3_memory_bytes')).toBe(true)
  expect(line?.endsWith(',1,0.5,7,,')).toBe(true)
  const nowhere = openMetrics({ file: path.join(base, 'none', 'n1.csv'), cores: [] })
  nowhere.append({ at: 0, ...row, coreShares: [] })
  await nowhere.close()
  expect(existsSync(path.join(base, 'none'))).toBe(false)
})
