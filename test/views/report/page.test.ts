import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { OdopEvent } from '../../../src/core/events.ts'
import { runPaths } from '../../../src/journal/run-paths.ts'
import { createRig, type Rig } from '../../rig/rig.ts'
import { at, ended, launched, queued, started, taskDefinition } from '../samples.ts'
import { chromium, openPage, type Page } from './chromium.ts'
import { type GeneratedRun, writeGeneratedRun } from './generated-run.ts'
import { brightness, decodePng } from './png.ts'

const RUN: GeneratedRun = { name: 'made-up', nodes: 2, cores: 4, hours: 0.5, attempts: 30, every: 10 }
const SECTIONS = ['Summary', 'What the cores did', 'Tasks', 'What is left', 'Attempts', 'Nodes', 'Notes']
const SLOW = `import { fileIn, task } from 'odop'
export const slow = task({ trigger: fileIn('in'), time: '3s', retries: 0, cpus: 1, command: () => ['sleep', '60'] })`
const CHARTS = ['cores', 'lines', 'memory', 'queue']

interface Box {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

describe.skipIf(chromium === undefined)('the page in Chromium (skipped where chromium is missing)', () => {
  let rig: Rig
  let page: Page

  beforeAll(async () => {
    rig = createRig()
    writeGeneratedRun(rig.odopPath, RUN)
    page = await openPage({ width: 1280, height: 2400 })
    await open(page, rig, RUN.name)
  })

  afterAll(async () => {
    await page?.[Symbol.asyncDispose]()
    await rig?.[Symbol.asyncDispose]()
  })

  test('it opens from file:// without a request to anywhere, without an error, and every section is there', async () => {
    const asked = page.events('Network.requestWillBeSent') as unknown as { request: { url: string } }[]
    expect(asked.map(({ request }) => request.url)).toEqual([pageUrl(rig, RUN.name)])
    expectQuiet(page)
    expect(await texts(page, 'h2')).toEqual(SECTIONS)
    const drawn = await page.evaluate<string[]>(
      `[...document.querySelectorAll('.chart')].filter(chart => chart.querySelector('canvas').width > 500).map(chart => chart.id)`,
    )
    expect(drawn).toEqual(CHARTS.map(id => `chart-${id}`))
  })

  test('for those who can’t see it charts have words, and tables heads and captions', async () => {
    const labels = await page.evaluate<string[]>(
      `[...document.querySelectorAll('[role=img]')].map(chart => chart.getAttribute('aria-label'))`,
    )
    expect(labels).toHaveLength(CHARTS.length)
    expect(labels[0]).toMatch(/^Cores in use over time, of 8\. On average: application [\d.]+, tasks [\d.]+/)
    const bare = await page.evaluate<number>(
      `[...document.querySelectorAll('table')].filter(table => !table.caption || table.querySelectorAll('th[scope=col]').length === 0).length`,
    )
    expect(bare).toBe(0)
  })

  test('the tooltip of a core tells what its metrics say', async () => {
    const box = await boxOf(page, 'lines')
    // Core 2 of the second node: the seventh of eight lines; anywhere in the middle of the launch.
    const told = await tooltip(page, box.x + box.width * 0.6, box.y + 10 + ((box.height - 36) / 8) * 6.5)
    const [, clock = ''] = /^n002 core 2, (\d\d:\d\d:\d\d) – .* UTC/.exec(told) ?? []
    expect(clock).toMatch(/^12:/)
    const moment = Date.parse(`2026-03-01T${clock}Z`) + 1
    const lines = readFileSync(runPaths(rig.odopPath, RUN.name).metrics('n002'), 'utf8').trim().split('\n')
    const row = lines.slice(1).find(line => Date.parse(line.slice(0, 24)) >= moment)
    const share = Number(row?.split(',')[7 + 2])
    expect(told).toContain(`used\n${Number((share * 100).toFixed(1))}%`)

    const running = events(rig, RUN.name).filter(
      event =>
        event.type === 'attempt-started' && event.placement.node === 'n002' && event.placement.cores[0] === 2,
    ) as Extract<OdopEvent, { type: 'attempt-started' }>[]
    const there = running.filter(({ at: from, attempt }) => from <= moment && moment <= endOf(rig, attempt))
    expect(there.length).toBeGreaterThan(0)
    for (const { attempt } of there.slice(0, 4)) expect(told).toContain(attempt)
  })

  test('the tooltip of all cores tells their sum', async () => {
    const box = await boxOf(page, 'cores')
    const told = await tooltip(page, box.x + box.width * 0.3, box.y + 100)
    const [, clock = ''] = /^(\d\d:\d\d:\d\d) – /.exec(told) ?? []
    const moment = Date.parse(`2026-03-01T${clock}Z`) + 1
    const sum = ['n001', 'n002'].reduce((all, node) => {
      const lines = readFileSync(runPaths(rig.odopPath, RUN.name).metrics(node), 'utf8').trim().split('\n')
      const row = lines.slice(1).find(line => Date.parse(line.slice(0, 24)) >= moment)
      return all + Number(row?.split(',')[1])
    }, 0)
    expect(told).toContain(`application\n${Number(sum.toFixed(2))} cores`)
  })

  test('zooming changes all charts together, and back', async () => {
    const at40 = async (id: string) => {
      const box = await boxOf(page, id)
      return (await tooltip(page, box.x + box.width * 0.4, box.y + 60)).match(/\d\d:\d\d:\d\d/)?.[0] ?? ''
    }
    const before = await at40('memory')
    await page.evaluate(`document.querySelector('[data-zoom=in]').click()`)
    const near = [await at40('memory'), await at40('queue'), await at40('cores')]
    expect(new Set(near).size).toBe(1)
    expect(near[0]).not.toBe(before)
    await page.evaluate(`document.querySelector('[data-zoom=all]').click()`)
    expect(await at40('memory')).toBe(before)
  })

  test('attempts can be filtered and sorted', async () => {
    await page.evaluate(
      `(field => { field.value = 'render#'; field.dispatchEvent(new Event('input')) })(document.querySelector('input[data-filter]'))`,
    )
    const shown = `[...document.querySelectorAll('#table-attempts tbody tr')].filter(row => !row.hidden)`
    expect(await page.evaluate<number>(`${shown}.length`)).toBe(6)
    await page.evaluate(`document.querySelectorAll('#table-attempts thead button')[5].click()`)
    const times = await page.evaluate<number[]>(`${shown}.map(row => Number(row.cells[5].dataset.order))`)
    expect(times).toEqual([...times].sort((a, b) => a - b))
    expect(new Set(times).size).toBeGreaterThan(3)
  })

  test.each(['light', 'dark'])('nothing of it is blank when the system is %s', async scheme => {
    await page.send('Emulation.setEmulatedMedia', {
      features: [{ name: 'prefers-color-scheme', value: scheme }],
    })
    await page.evaluate('new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))')
    const pixels = decodePng(await page.screenshot())
    const corner = brightness(pixels, { x: 0, y: 0, width: 8, height: 8 })
    if (scheme === 'light') expect(corner.mean).toBeGreaterThan(240)
    else expect(corner.mean).toBeLessThan(40)
    for (const id of CHARTS) {
      const { deviation } = brightness(pixels, await boxOf(page, id))
      expect(deviation, id).toBeGreaterThan(10)
    }
    expectQuiet(page)
  })

  test('the switch beats the system', async () => {
    await page.send('Emulation.setEmulatedMedia', {
      features: [{ name: 'prefers-color-scheme', value: 'dark' }],
    })
    const background = () => page.evaluate<string>('getComputedStyle(document.body).backgroundColor')
    expect(await background()).toBe('rgb(20, 23, 28)')
    await page.evaluate(`document.getElementById('theme').click()`)
    expect(await background()).toBe('rgb(255, 255, 255)')
    await page.evaluate(`document.getElementById('theme').click(); document.getElementById('theme').click()`)
    expect(await background()).toBe('rgb(20, 23, 28)')
  })

  test('printed it has pages, and is on the screen what it was before', async () => {
    const before = await boxOf(page, 'lines')
    const { data } = await page.send('Page.printToPDF', { printBackground: true })
    const pdf = Buffer.from(String(data), 'base64').toString('latin1')
    expect(pdf.startsWith('%PDF')).toBe(true)
    expect(pdf.match(/\/Type \/Page\b/g)?.length).toBeGreaterThanOrEqual(2)
    expect(pdf).toContain('/Image')
    expect(await boxOf(page, 'lines')).toEqual(before)
    expectQuiet(page)
  })

  test('the tooltip of an attempt tells its last progress, and so does the table', async () => {
    writeEvilRun(rig, 'slice')
    await open(page, rig, 'evil')
    const box = await boxOf(page, 'lines')
    const told = await tooltip(page, box.x + box.width / 2, box.y + 10 + (box.height - 36) * 0.75)
    expect(told).toMatch(/slice#1\.1\nfailed, 12:00:02.0 – 12:00:58.0, last progress 40% slice/)
    const heads = await texts(page, '#table-attempts thead th')
    const cells = await texts(page, '#table-attempts tbody tr > *')
    expect(cells[heads.indexOf('Last progress')]).toBe('40% slice')
    expectQuiet(page)
  })

  test('the page of a real run opens, too, and tells its attempts', async () => {
    rig.write('tasks/slow.mjs', SLOW)
    rig.write('in/file', 'x')
    const words = ['run', '--name', 'real', '--quiet', '--no-report', '--', 'sleep', '10.2']
    expect((await rig.odop(words)).code).toBe(0)
    await open(page, rig, 'real')
    expectQuiet(page)
    expect(await texts(page, 'h2')).toEqual(SECTIONS.toSpliced(1, 0, 'Advice'))
    expect(await texts(page, '[aria-labelledby=advice] li')).toEqual([
      expect.stringMatching(/^1 work item of slow took longer than its 3s: give it more/),
    ])
    const journal = events(rig, 'real')
    const [start] = journal.filter(event => event.type === 'attempt-started')
    const from = (start?.at ?? 0) - (journal.find(event => event.type === 'launch-started')?.at ?? 0)
    const box = await boxOf(page, 'lines')
    const { seconds, rows } = await page.evaluate<{ seconds: number; rows: { name: string }[] }>(
      `JSON.parse(document.getElementById('data').textContent)`,
    )
    const x = box.x + 104 + (box.width - 104 - 18) * ((from / 1000 + 1) / seconds)
    const line = rows.findIndex(({ name }) => name === `core ${start?.placement.cores[0]}`)
    const y = box.y + 10 + ((box.height - 36) / rows.length) * (line + 0.5)
    expect(await tooltip(page, x, y)).toMatch(
      /^core \d+, [\s\S]*held by attempts\n100%[\s\S]*slow#1\.1\ntimeout, /,
    )
  })

  test('names, commands and logs are text, whatever they hold', async () => {
    const evil = `</script><script>window.hacked=1</script><img src=x onerror="window.hacked=2">`
    writeEvilRun(rig, evil)
    await open(page, rig, 'evil')
    expect(await page.evaluate('typeof window.hacked')).toBe('undefined')
    expect(await page.evaluate(`document.querySelector('.command').innerText`)).toContain(`'${evil}'`)
    expect(await page.evaluate(`document.querySelector('pre').textContent`)).toContain(evil)
    expect(await page.evaluate(`document.querySelector('#tasks-legend').innerText`)).toContain(evil)
    const box = await boxOf(page, 'lines')
    expect(await tooltip(page, box.x + box.width / 2, box.y + 10 + (box.height - 36) * 0.75)).toContain(evil)
    expect(await page.evaluate('typeof window.hacked')).toBe('undefined')
    expect(await page.evaluate<number>(`document.querySelectorAll('img').length`)).toBe(0)
    // The page's policy would have told of each attempt.
    expectQuiet(page)
    const asked = page.events('Network.requestWillBeSent') as unknown as { request: { url: string } }[]
    expect(asked.every(({ request }) => request.url.startsWith('file://'))).toBe(true)
  })
})

function pageUrl(rig: Rig, run: string): string {
  return pathToFileURL(runPaths(rig.odopPath, run).report).href
}

async function open(page: Page, rig: Rig, run: string): Promise<void> {
  const { code, stderr } = await rig.odop(['report', run, '--format', 'html'])
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  await page.open(pageUrl(rig, run))
}

function expectQuiet(page: Page): void {
  for (const kind of ['Runtime.exceptionThrown', 'Runtime.consoleAPICalled', 'Log.entryAdded']) {
    expect(page.events(kind)).toEqual([])
  }
}

function texts(page: Page, selector: string): Promise<string[]> {
  return page.evaluate(`[...document.querySelectorAll('${selector}')].map(each => each.textContent)`)
}

function boxOf(page: Page, chart: string): Promise<Box> {
  return page.evaluate(
    `(({ x, y, width, height }) => ({ x, y, width, height }))(document.getElementById('chart-${chart}').getBoundingClientRect())`,
  )
}

async function tooltip(page: Page, x: number, y: number): Promise<string> {
  await page.moveMouse(x, y)
  return page.evaluate<string>(`document.querySelector('.tip').innerText`)
}

function events(rig: Rig, run: string): OdopEvent[] {
  return rig.events(run)
}

function endOf(rig: Rig, attempt: string): number {
  const end = events(rig, RUN.name).find(event => event.type === 'attempt-ended' && event.attempt === attempt)
  return end?.at ?? 0
}

/** Its task, its command, a reason and a log would all be markup if a page let them. */
function writeEvilRun(rig: Rig, evil: string): void {
  const paths = runPaths(rig.odopPath, 'evil')
  const [launch, node, , application] = launched() as [OdopEvent, OdopEvent, OdopEvent, OdopEvent]
  const told: OdopEvent[] = [
    { ...launch, run: 'evil', command: ['sh', '-c', evil] } as OdopEvent,
    node,
    { type: 'task-defined', at: at(0), task: taskDefinition(evil) },
    application,
    queued(evil, 1, 1),
    started(evil, '1.1', 2),
    { type: 'attempt-progress', at: at(30), attempt: `${evil}#1.1`, fraction: 0.4, text: evil },
    ended(evil, '1.1', 58, { outcome: 'failed', reason: evil }),
    { type: 'note', at: at(59), level: 'warning', text: evil },
    { type: 'launch-ended', at: at(60) },
  ]
  const log = paths.attemptLog(evil, `${evil}#1.1`)
  mkdirSync(path.dirname(log), { recursive: true })
  writeFileSync(log, `first line\n${evil}\n`)
  writeFileSync(paths.journal, `{"schema":1}\n${told.map(event => JSON.stringify(event)).join('\n')}\n`)
}
