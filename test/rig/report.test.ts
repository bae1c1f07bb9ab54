import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { summarySchema } from '../../src/views/summary-schema.ts'
import { createRig, odop, type Rig, until } from './rig.ts'

const TASK = `import { fileIn, task } from 'odop'
export default task({ name: 'count', trigger: fileIn('data') }, ({ file, log }) => {
  log('counting ' + file)
  if (file.endsWith('bad')) throw new Error('no numbers, "just" words')
})`

async function smallRun(rig: Rig): Promise<void> {
  rig.write('tasks/count.mjs', TASK)
  for (const name of ['a', 'b', 'c,d', 'bad']) rig.write(`data/${name}`, 'x')
  const words = ['run', '--name', 'small', '--quiet', '--drain', '--', 'true']
  expect((await rig.odop(words, { environment: { ODOP_RETRIES: '0' } })).code).toBe(0)
}

test('every format tells the same run: the numbers are those of summary.json', async () => {
  await using rig = createRig()
  await smallRun(rig)
  const report = async (...words: string[]) => {
    const { code, stdout, stderr } = await rig.odop(['report', 'small', ...words])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    return stdout.toString()
  }
  const summary = summarySchema.parse(rig.summary('small'))
  expect(await report()).toContain('Run folder')

  const json = JSON.parse(await report('--format', 'json'))
  expect(json.summary).toEqual(summary)
  expect(json.attempts).toHaveLength(4)

  const [head, ...rows] = (await report('--format', 'csv')).trim().split('\n')
  expect(head).toMatch(/^attempt,item,task,launch,state,nodes,cores,start,end,/)
  expect(rows.filter(row => row.includes(',completed,'))).toHaveLength(summary.tasks[0]?.completed ?? -1)
  expect(rows.filter(row => row.includes(',failed,'))).toHaveLength(summary.tasks[0]?.failed ?? -1)
  expect(rows.join('\n')).toContain('"Error: no numbers, ""just"" words')

  const items = (await report('--format', 'csv', '--table', 'items')).trim().split('\n')
  expect(items).toHaveLength(5)
  expect(items.join('\n')).toContain('c,d""]"')
  const nodes = (await report('--format', 'csv', '--table', 'nodes')).trim().split('\n')
  const [names, values] = nodes.map(line => line.split(','))
  const value = (name: string) => Number(values?.[names?.indexOf(name) ?? -1])
  expect(value('tasks_core_seconds')).toBe(summary.totals.coreSeconds.tasks)
  expect(value('total_core_seconds')).toBe(summary.totals.coreSeconds.total)
  const cores = (await report('--format', 'csv', '--table', 'cores')).trim().split('\n')
  expect(cores).toHaveLength(1 + summary.totals.cores)

  expect(await report('--format', 'svg')).toMatch(/^<svg [\s\S]*<\/svg>\n$/)
  const page = await report('--format', 'html', '--output', '-')
  expect(page).toContain('counting ')
  expect(page).toContain('file:///')
  expect(page).toContain('Error: no numbers, &#34;just&#34; words')
})

test('a page goes to the run’s folder, anything to a file that is named; links to logs are relative', async () => {
  await using rig = createRig()
  await smallRun(rig)
  const told = await rig.odop(['report', 'small', '--format', 'html'])
  const file = path.join(rig.odopPath, 'runs/small/report.html')
  expect(told.stdout.toString()).toBe(`wrote ${file}\n`)
  expect(readFileSync(file, 'utf8')).toContain('href="logs/count/1.1.log"')
  await rig.odop(['report', 'small', '--format', 'html', '--output', 'page.html'])
  expect(rig.read('page.html')).toContain('href=".odop-path/runs/small/logs/count/1.1.log"')
  await rig.odop(['report', '--format', 'json', '--output', 'run.json'])
  expect(JSON.parse(rig.read('run.json')).summary.run).toBe('small')
})

test('what is wrong with the command line is said', async () => {
  await using rig = createRig()
  const tell = async (...words: string[]) => {
    const { code, stderr } = await rig.odop(['report', ...words])
    return [code, stderr.trim()]
  }
  expect(await tell('none')).toEqual([1, expect.stringContaining('there are no runs')])
  await smallRun(rig)
  expect(await tell('none')).toEqual([1, expect.stringContaining('the newest are small')])
  expect(await tell('--format', 'htm')).toEqual([2, expect.stringContaining("got 'htm': did you mean html?")])
  expect(await tell('--format', 'csv', '--table', 'x')).toEqual([
    2,
    expect.stringContaining('attempts, items, nodes, cores'),
  ])
  expect(await tell('--table', 'nodes')).toEqual([2, expect.stringContaining('--table is for --format csv')])
  expect(await tell('--format', 'svg', '--output', 'no/such/folder.svg')).toEqual([
    1,
    expect.stringContaining('could not be written'),
  ])
})

test('a live run is reported too', async () => {
  await using rig = createRig()
  const launch = rig.start([
    odop,
    'run',
    '--name',
    'live',
    '--quiet',
    '--',
    'sh',
    '-c',
    'until [ -e done ]; do sleep 0.1; done',
  ])
  await until('it is live', async () => (await rig.odop(['report', 'live'])).code === 0)
  const { stdout } = await rig.odop(['report', 'live', '--format', 'json'])
  expect(JSON.parse(stdout.toString())).toMatchObject({ state: 'live', summary: { run: 'live' } })
  rig.write('done', '')
  expect((await launch.finished).code).toBe(0)
})

test('a run of some seconds has its page at the end, unless that is not wanted; the exit code stays', async () => {
  await using rig = createRig()
  const run = (name: string, ...options: string[]) =>
    rig.odop([
      'run',
      '--name',
      name,
      '--quiet',
      '--no-tasks',
      ...options,
      '--',
      'sh',
      '-c',
      'sleep 10.2; exit 7',
    ])
  const ends = await Promise.all([run('with'), run('without', '--no-report')])
  expect(ends.map(({ code, stderr }) => [code, stderr])).toEqual([
    [7, ''],
    [7, ''],
  ])
  const page = (name: string) => path.join(rig.odopPath, 'runs', name, 'report.html')
  expect(readFileSync(page('with'), 'utf8')).toContain('exit 7')
  expect(existsSync(page('without'))).toBe(false)
})
