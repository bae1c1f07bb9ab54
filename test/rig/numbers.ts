import { expect } from 'vitest'
import { formatDuration, formatSize } from '../../src/core/units.ts'
import type { Status } from '../../src/views/status.ts'
import type { Summary } from '../../src/views/summary-schema.ts'
import type { TaskDetail } from '../../src/views/task-detail.ts'
import { coreTimeText, percentText } from '../../src/views/units.ts'

/** What a view says, by what it is about, in the words of summary.json: `tasks.reduce.completed`. */
export type Numbers = Readonly<Record<string, unknown>>

/** Every value of summary.json, and in which words texts have some of them. */
export function numbersOfSummary(summary: Summary): Numbers {
  const { advice: _, notes: __, command: ___, ...rest } = summary
  const texts = summary.tasks.map(task => [
    [`tasks.${task.name}.wallSeconds in words`, formatDuration(task.wallSeconds)],
  ])
  const { availableCoreSeconds: available, harvestedCoreSeconds: harvested, share } = summary.harvest
  return {
    ...flat(rest, ''),
    ...Object.fromEntries(texts.flat()),
    'wallSeconds in words': formatDuration(summary.wallSeconds),
    'CPU time of odop in words': formatDuration(summary.totals.coreSeconds.odop),
    'saved in words': formatDuration(summary.savedSeconds),
    'slowdown in words': slowdownInWords(summary.slowdown.share),
    'harvest in words': `${coreTimeText(harvested, available)} (${percentText(share)})`,
    ...Object.fromEntries(summary.nodes.flatMap(sharesInWords)),
    ...sumsOfTasks(summary),
  }
}

function slowdownInWords(share: number | null): string {
  return share === null ? 'not known' : `${Number(Math.max(0, share * 100).toFixed(1))}%`
}

/** Members of lists are found by their names. */
function flat(value: unknown, path: string): Record<string, unknown> {
  if (Array.isArray(value)) {
    return Object.assign({}, ...value.map((each, at) => flat(each, `${path}.${each?.name ?? at}`)))
  }
  if (typeof value !== 'object' || value === null) return { [path]: value }
  const members = Object.entries(value).filter(([key]) => key !== 'name' && key !== 'schema')
  return Object.assign(
    {},
    ...members.map(([key, member]) => flat(member, path === '' ? key : `${path}.${key}`)),
  )
}

function sharesInWords({ name, coreSeconds }: Summary['nodes'][number]) {
  const { total, app, tasks } = coreSeconds
  const share = (part: number) => (total > 0 ? percentText(part / total) : null)
  return [
    [`nodes.${name}.app in words`, share(app)],
    [`nodes.${name}.tasks in words`, share(tasks)],
  ]
}

function sumsOfTasks({ tasks }: Summary): Numbers {
  const sum = (of: (task: Summary['tasks'][number]) => number) =>
    tasks.reduce((all, task) => all + of(task), 0)
  return {
    'all tasks: completed': sum(task => task.completed),
    'all tasks: failed': sum(task => task.failed + task.timeout),
    'all tasks: left': sum(task => task.left),
  }
}

/** Of `odop status --json`, and of GET /status. */
export function numbersOfStatus(status: Status): Numbers {
  const { run, start, end, wallSeconds, nodes, harvest, application } = status
  const { code, signal } = application
  return {
    ...flat({ run, start, ...(end === null ? {} : { end, wallSeconds }), nodes, harvest }, ''),
    'exit.code': code,
    'exit.signal': signal,
    ...Object.fromEntries(status.tasks.flatMap(countsOf)),
    ...sumsOfNodes(nodes),
  }
}

/** What the totals must be. */
function sumsOfNodes(nodes: Status['nodes']): Numbers {
  const numbers = nodes.map(({ cores, coreSeconds, memoryBytes, appRunDelaySeconds }) =>
    flat({ cores, coreSeconds, memoryBytes, appRunDelaySeconds }, 'totals'),
  )
  const keys = Object.keys(numbers[0] ?? {})
  const sum = (key: string) => numbers.reduce((all, each) => all + Number(each[key]), 0)
  return Object.fromEntries(
    keys.map(key => [key, numbers.some(each => each[key] === null) ? null : rounded(sum(key))]),
  )
}

function countsOf(task: Status['tasks'][number]): [string, unknown][] {
  const { name, pending, running, suspended, completed, failed, timeout, cancelled, upToDate } = task
  const left = pending + running + suspended
  const counts = { completed, failed, timeout, cancelled, left, upToDate, pending, running, suspended }
  return Object.entries(counts).map(([key, value]) => [`tasks.${name}.${key}`, value])
}

/** Of `odop status --task NAME --json`, and of GET /status/NAME. */
export function numbersOfTask(task: TaskDetail): Numbers {
  const { name, attempts, waitSeconds, cpuSeconds, peakMemoryBytes } = task
  const { started, ...outcomes } = attempts
  return {
    ...Object.fromEntries(countsOf(task)),
    [`tasks.${name}.attempts`]: started,
    [`tasks.${name}.cpuSeconds`]: cpuSeconds,
    [`tasks.${name}.peakMemoryBytes`]: peakMemoryBytes,
    ...flat({ waitSeconds }, `tasks.${name}`),
    ...outcomesOf(name, outcomes),
  }
}

/** An attempt as `odop report` has it in json. */
export interface AttemptRow {
  readonly task: string
  readonly state: string
  readonly wallSeconds: number | null
  readonly cpuSeconds: number | null
  readonly peakMemoryBytes: number | null
}

/** What attempts one by one come to. */
export function numbersOfAttempts(attempts: readonly AttemptRow[]): Numbers {
  const names = [...new Set(attempts.map(({ task }) => task))]
  return Object.assign(
    {},
    ...names.map(name => {
      const own = attempts.filter(({ task }) => task === name)
      const sum = (of: (row: AttemptRow) => number | null) =>
        rounded(own.reduce((all, row) => all + (of(row) ?? 0), 0))
      const with_ = (...states: string[]) => own.filter(({ state }) => states.includes(state)).length
      return {
        [`tasks.${name}.attempts`]: own.length,
        [`tasks.${name}.wallSeconds`]: sum(row => row.wallSeconds),
        [`tasks.${name}.cpuSeconds`]: sum(row => row.cpuSeconds),
        [`tasks.${name}.peakMemoryBytes`]: Math.max(0, ...own.map(row => row.peakMemoryBytes ?? 0)),
        ...outcomesOf(name, {
          completed: with_('completed'),
          failed: with_('failed'),
          timeout: with_('timeout'),
          cancelled: with_('cancelled'),
          requeued: with_('requeued', 'cut off'),
        }),
      }
    }),
  )
}

function outcomesOf(task: string, outcomes: Readonly<Record<string, number>>): Numbers {
  return Object.fromEntries(
    Object.entries(outcomes).map(([outcome, count]) => [`attempts of ${task} that ended ${outcome}`, count]),
  )
}

/** A work item as `odop report --format csv --table items`, and GET /items, have it. */
export interface ItemRow {
  readonly task: string
  readonly state: string
  readonly waitSeconds?: number | null
}

export function numbersOfItems(items: readonly ItemRow[]): Numbers {
  const names = [...new Set(items.map(({ task }) => task))]
  const states = ['pending', 'running', 'suspended', 'completed', 'failed', 'timeout', 'cancelled']
  const numbers = names.flatMap(name => {
    const own = items.filter(({ task }) => task === name)
    const waits = own.flatMap(({ waitSeconds }) => waitSeconds ?? [])
    const counts = states.map(state => [
      `tasks.${name}.${state}`,
      own.filter(item => item.state === state).length,
    ])
    return waits.length === 0 ? counts : [...counts, [`tasks.${name}.waitSeconds.max`, Math.max(...waits)]]
  })
  return Object.fromEntries(numbers)
}

const NODE_COLUMNS: Readonly<Record<string, string>> = {
  cores: 'cores',
  yield: 'yield',
  total_core_seconds: 'coreSeconds.total',
  app_core_seconds: 'coreSeconds.app',
  tasks_core_seconds: 'coreSeconds.tasks',
  odop_core_seconds: 'coreSeconds.odop',
  idle_core_seconds: 'coreSeconds.idle',
  memory_limit_bytes: 'memoryBytes.limit',
  app_peak_bytes: 'memoryBytes.appPeak',
  tasks_peak_bytes: 'memoryBytes.tasksPeak',
  odop_peak_bytes: 'memoryBytes.odopPeak',
  app_run_delay_seconds: 'appRunDelaySeconds',
}

export function numbersOfNodesCsv(text: string): Numbers {
  return Object.fromEntries(
    csvRows(text).flatMap(row =>
      Object.entries(NODE_COLUMNS).map(([column, key]) => [
        `nodes.${row['node']}.${key}`,
        column === 'yield' ? row[column] : numberOf(row[column]),
      ]),
    ),
  )
}

export function attemptsOfCsv(text: string): AttemptRow[] {
  return csvRows(text).map(row => ({
    task: row['task'] ?? '',
    state: row['state'] ?? '',
    wallSeconds: numberOf(row['wall_seconds']),
    cpuSeconds: numberOf(row['cpu_seconds']),
    peakMemoryBytes: numberOf(row['peak_memory_bytes']),
  }))
}

export function itemsOfCsv(text: string): ItemRow[] {
  return csvRows(text).map(row => ({
    task: row['task'] ?? '',
    state: row['state'] ?? '',
    waitSeconds: numberOf(row['wait_seconds']),
  }))
}

function numberOf(cell: string | undefined): number | null {
  return cell === undefined || cell === '' ? null : Number(cell)
}

/** A row by the names of its columns. */
function csvRows(text: string): Record<string, string>[] {
  const [head = [], ...rows] = text
    .trimEnd()
    .split('\n')
    .map(line =>
      [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(
        ([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain ?? '',
      ),
    )
  return rows.map(cells => Object.fromEntries(head.map((name, at) => [name, cells[at] ?? ''])))
}

/** Of what GET /metrics gives to Prometheus. */
export function numbersOfMetrics(text: string): Numbers {
  const numbers: Record<string, unknown> = {}
  for (const [, name = '', labels = '', value] of text.matchAll(/^(\w+)(?:\{(.*)\})? (\S+)$/gm)) {
    const label = Object.fromEntries(
      [...labels.matchAll(/(\w+)="([^"]*)"/g)].map(([, key, text]) => [key, text]),
    )
    const key = METRICS[name]?.(label)
    if (key !== undefined) numbers[key] = rounded(Number(value))
  }
  return numbers
}

type Labels = Readonly<Record<string, string | undefined>>

const METRICS: Readonly<Record<string, (labels: Labels) => string>> = {
  odop_available_core_seconds_total: () => 'harvest.availableCoreSeconds',
  odop_harvested_core_seconds_total: () => 'harvest.harvestedCoreSeconds',
  odop_slowdown_ratio: () => 'slowdown.share',
  odop_core_seconds_total: ({ node, use }) => `nodes.${node}.coreSeconds.${use}`,
  odop_cores: ({ node }) => `nodes.${node}.cores`,
  odop_memory_limit_bytes: ({ node }) => `nodes.${node}.memoryBytes.limit`,
  odop_memory_peak_bytes: ({ node, use }) => `nodes.${node}.memoryBytes.${use}Peak`,
  odop_application_run_delay_seconds_total: ({ node }) => `nodes.${node}.appRunDelaySeconds`,
  odop_work_items: ({ task, state }) => `tasks.${task}.${state}`,
  odop_attempts_total: ({ task, outcome }) => `attempts of ${task} that ended ${outcome}`,
  odop_attempt_seconds_total: ({ task }) => `tasks.${task}.wallSeconds`,
  odop_attempt_cpu_seconds_total: ({ task }) => `tasks.${task}.cpuSeconds`,
  odop_attempt_memory_peak_bytes: ({ task }) => `tasks.${task}.peakMemoryBytes`,
}

/** Of a frame of the dashboard, as `odop top` prints it. */
export function numbersOfFrame(text: string, { nodes, tasks }: Summary): Numbers {
  const lines = text.split('\n')
  const [, harvest] = /harvested (.*)$/.exec(lines[0] ?? '') ?? []
  const [, wall] = /^\S+ \w+ (\S+)/.exec(lines[0] ?? '') ?? []
  const isOver = /^\S+ (ended|interrupted) /.test(lines[0] ?? '')
  const rows = tasks.map(({ name }) => ({ name, cells: cellsBehind(lines, name, 5) }))
  const shares = nodes.flatMap(({ name }) => {
    const line = lines.find(each => each.startsWith(name.slice(0, 8)))
    const [, app, share] = /app +(\S+) +tasks +(\S+)/.exec(line ?? '') ?? []
    return [
      [`nodes.${name}.app in words`, app],
      [`nodes.${name}.tasks in words`, share],
    ]
  })
  return {
    'harvest in words': harvest,
    // While it runs they are those of the last ten seconds.
    ...(isOver ? { ...Object.fromEntries(shares), 'wallSeconds in words': wall } : {}),
    ...Object.assign(
      {},
      ...rows.map(({ name, cells: [waiting, running, suspended, completed] }) => ({
        [`tasks.${name}.pending`]: waiting,
        [`tasks.${name}.running`]: running,
        [`tasks.${name}.suspended`]: suspended,
        [`tasks.${name}.completed`]: completed,
      })),
    ),
    'all tasks: failed': rows.reduce((sum, { cells }) => sum + (cells[4] ?? Number.NaN), 0),
    ...memoryInWords(lines.find(line => line.startsWith('Memory')) ?? '', isOver),
  }
}

function memoryInWords(line: string, isOver: boolean): Numbers {
  const [, app, tasks, odop, limit] = /app (\S+) {2}tasks (\S+) {2}odop (\S+) {2}of (\S+)/.exec(line) ?? []
  // While it runs it is what is used at present.
  return isOver ? memoryWords([app, tasks, odop, limit]) : {}
}

function memoryWords([app, tasks, odop, limit]: readonly (string | undefined)[]): Numbers {
  return {
    'peak memory of the application in words': app,
    'peak memory of tasks in words': tasks,
    'peak memory of odop in words': odop,
    'memory limit in words': limit,
  }
}

/** As a frame has it. */
export function totalMemoryInWords({ totals: { memoryBytes } }: Summary): Numbers {
  const { appPeak, tasksPeak, odopPeak, limit } = memoryBytes
  return memoryWords([appPeak, tasksPeak, odopPeak, limit].map(formatSize))
}

/** The numbers that stand behind a name in a table of a text. */
function cellsBehind(lines: readonly string[], name: string, count: number): number[] {
  const row = lines.find(line => new RegExp(`^(?:[> ] )?${name} +\\d`).test(line)) ?? ''
  const cells = row
    .slice(row.indexOf(name) + name.length)
    .trim()
    .split(/ +/)
  return cells.slice(0, count).map(Number)
}

/** Of the summary in words: stderr at the end, summary.txt, `odop report`. Failed, timed out and cancelled have a column each only where there are any. */
export function numbersOfText(text: string, { tasks, nodes }: Summary): Numbers {
  const lines = text.split('\n')
  const head = lines.find(line => line.startsWith('Task ')) ?? ''
  const columns = head.slice(4).trim().split(/ {2,}/)
  const rows = tasks.map(({ name }) => {
    const cells = (lines.find(line => new RegExp(`^${name} +\\d`).test(line)) ?? '').slice(name.length).trim()
    return columns.map((column, at) => [name, column, cells.split(/ {2,}/)[at]] as const)
  })
  const shares = nodes.flatMap(({ name }) => {
    const line = lines.find(each => each.startsWith(`${name} `) && each.includes(' idle '))
    const [, app, share] = /app +(\S+) +tasks +(\S+)/.exec(line ?? '') ?? []
    return [
      [`nodes.${name}.app in words`, app],
      [`nodes.${name}.tasks in words`, share],
    ]
  })
  const [, wall] = /^Time +(\S+) /m.exec(text) ?? []
  const [, code] = /^Exit +code (\d+)/m.exec(text) ?? []
  const [, cost] = /^Cost +(\S+) of CPU time/m.exec(text) ?? []
  const [, slowdown] = /^Slowdown +(not known|\S+%)/m.exec(text) ?? []
  const [, user] = /^User +(\S+)/m.exec(text) ?? []
  const [, harvested, share] = /^Harvested +(\S+ of \S+ core-\w+)[^(]*\((\S+%)\)/m.exec(text) ?? []
  return {
    'wallSeconds in words': wall,
    ...(code === undefined ? {} : { 'exit.code': Number(code) }),
    'harvest in words': `${harvested} (${share})`,
    'CPU time of odop in words': cost,
    'slowdown in words': slowdown,
    user,
    ...Object.fromEntries(shares),
    ...Object.fromEntries(
      rows.flat().flatMap(([name, column, cell]) => {
        const key = TEXT_COLUMNS[column]
        return key === undefined
          ? []
          : [[`tasks.${name}.${key}`, key.endsWith('words') ? cell : Number(cell)]]
      }),
    ),
  }
}

/** Headings of tasks’ columns that are the same in the text and in the page. */
const COUNTS = {
  Completed: 'completed',
  Failed: 'failed',
  Timeout: 'timeout',
  Cancelled: 'cancelled',
  Left: 'left',
  Attempts: 'attempts',
} as const

const TEXT_COLUMNS: Readonly<Record<string, string>> = {
  ...COUNTS,
  Time: 'wallSeconds in words',
}

/** Of the page: its figures, its tables, and what its pictures are drawn from. */
export function numbersOfPage(page: string): Numbers {
  const data = JSON.parse(/<script type="application\/json" id="data">(.*?)<\/script>/s.exec(page)?.[1] ?? '')
  const items =
    /<dt>Work items<\/dt><dd[^>]*>([\d,]+)<\/dd><dd class="detail">completed; ([\d,]+) failed, ([\d,]+) left/.exec(
      page,
    ) ?? []
  const [completed, failed, left] = items.slice(1).map(text => Number(text.replaceAll(',', '')))
  const figure = (name: string) =>
    new RegExp(`<dt>${name}</dt><dd[^>]*>(.*?)</dd><dd class="detail">(.*?)</dd>`).exec(page)?.slice(1) ?? []
  const [share] = figure('Harvested')
  const [, user, job] = /Run by (\S+?)(?:, job (\S+?))? on \d+ node/.exec(page) ?? []
  const [, harvested] = /<dt>Harvested<\/dt>.*?<dd class="detail">(\S+ of \S+ core-\w+)/.exec(page) ?? []
  const tasks = tableOf(page, 'table-tasks').flatMap(row => {
    const name = row['Task']?.text
    return Object.entries(PAGE_TASKS).map(([head, key]) => [`tasks.${name}.${key}`, row[head]?.order])
  })
  const nodes = tableOf(page, 'table-nodes').flatMap(row => {
    const name = row['Node']?.text
    return [
      [`nodes.${name}.cores`, Number(row['Cores']?.text)],
      [`nodes.${name}.app in words`, row['Application']?.text],
      [`nodes.${name}.tasks in words`, row['Tasks']?.text],
      [`nodes.${name}.memoryBytes.limit`, row['Memory limit']?.order],
      [`nodes.${name}.memoryBytes.appPeak`, row['Application (peak)']?.order],
      [`nodes.${name}.memoryBytes.tasksPeak`, row['Tasks (peak)']?.order],
    ]
  })
  return {
    'wallSeconds in words': figure('Wall time')[0],
    'harvest in words': `${harvested} (${share})`,
    'CPU time of odop in words': /^(\S+) of CPU/.exec(figure('Cost of odop')[1] ?? '')?.[1],
    'slowdown in words': figure('Slowdown')[0],
    'saved in words': figure('Saved')[0],
    user,
    job: job ?? null,
    'all tasks: completed': completed,
    'all tasks: failed': failed,
    'all tasks: left': left,
    'totals.cores': data.totalCores,
    'totals.memoryBytes.limit': data.memory.limit,
    ...Object.fromEntries(tasks),
    ...Object.fromEntries(nodes),
  }
}

const PAGE_TASKS: Readonly<Record<string, string>> = {
  ...COUNTS,
  Time: 'wallSeconds',
  CPU: 'cpuSeconds',
  'Peak memory': 'peakMemoryBytes',
  'Wait (max)': 'waitSeconds.max',
  'Wait (median)': 'waitSeconds.median',
}

interface Cell {
  readonly text: string
  /** By which its column is sorted: the number that it tells in words; null: it tells that there is none. */
  readonly order: number | null
}

/** Rows of a table by the heads of their columns. */
export function tableOf(page: string, id: string): Record<string, Cell>[] {
  const [, table = ''] = new RegExp(`<table id="${id}">(.*?)</table>`, 's').exec(page) ?? []
  const heads = [...table.matchAll(/<th scope="col"[^>]*>(.*?)<\/th>/g)].map(([, head = '']) => head)
  return [...table.matchAll(/<tr><th scope="row".*?<\/tr>/gs)].map(([row]) => {
    const cells = [...row.matchAll(/<t[hd]([^>]*)>(.*?)<\/t[hd]>/gs)].map(
      ([, attributes = '', text = '']): Cell => {
        const order = /data-order="([^"]*)"/.exec(attributes)?.[1]
        return { text, order: order === undefined || order === '-1' ? null : rounded(Number(order)) }
      },
    )
    return Object.fromEntries(heads.map((head, at) => [head, cells[at] ?? { text: '', order: null }]))
  })
}

/** Sums of what was rounded to thousandths. */
const CLOSE = 0.005

/** Fails with every number of which two views tell differently. */
export function expectSameNumbers(views: Readonly<Record<string, Numbers>>): void {
  const told = new Map<string, [view: string, value: unknown][]>()
  for (const [view, numbers] of Object.entries(views)) {
    for (const [key, value] of Object.entries(numbers))
      told.set(key, [...(told.get(key) ?? []), [view, value]])
  }
  const different = [...told].filter(
    ([, values]) => !values.every(([, value]) => isSame(value, values[0]?.[1])),
  )
  expect(different).toEqual([])
}

function isSame(a: unknown, b: unknown): boolean {
  if (typeof a !== 'number' || typeof b !== 'number') return a === b
  // NaN is what could not be read.
  return Math.abs(a - b) <= (Number.isInteger(a) && Number.isInteger(b) ? 0 : CLOSE)
}

function rounded(value: number): number {
  return Number(value.toFixed(3))
}
