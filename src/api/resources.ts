import { itemOf, taskOf } from '../core/ids.ts'
import type { RunPaths } from '../journal/run-paths.ts'
import { askRun, SIGNAL_MILLISECONDS } from '../supervisor/control-client.ts'
import type { ControlRequest } from '../supervisor/control-protocol.ts'
import { version } from '../version.ts'
import { attemptAnswer, itemBrief, itemDetail } from '../views/item-detail.ts'
import { statusOf } from '../views/status.ts'
import { summarize } from '../views/summary.ts'
import { taskDetail } from '../views/task-detail.ts'
import { type Answer, jsonAnswer, problemAnswer } from './answer.ts'
import { eventsPage } from './events-page.ts'
import { type FoldedRun, RunReader } from './run-reader.ts'

/** What can be asked for. The table is what requests are held against, and what the OpenAPI description is made of. */
export interface Resource {
  readonly method: 'GET' | 'POST'
  /** As OpenAPI writes it: `/status/{id}`; the parameter is the last part of the path. */
  readonly path: string
  readonly summary: string
  readonly parameters: readonly Parameter[]
  /** Which of the answers' schemas holds, see `answer-schemas.ts`; null: text. */
  readonly answers: string | null
  /** Which one holds for the body of the request; missing: it has none. */
  readonly takes?: string
  readonly handle: (asked: Asked) => Promise<Answer>
}

export interface Parameter {
  readonly name: string
  readonly in: 'path' | 'query'
  readonly about: string
  readonly kind: 'text' | 'number' | 'state'
  /** For numbers. */
  readonly most?: number
}

/** A request that has passed the table. */
export interface Asked {
  /** Of the run. */
  readonly name: string
  readonly run: RunReader
  readonly paths: RunPaths
  /** Parameters by name, those that were given. */
  readonly texts: Readonly<Record<string, string>>
  readonly numbers: Readonly<Record<string, number>>
  readonly body: string
}

const MOST_ITEMS_A_PAGE = 1000
const DEFAULT_ITEMS_A_PAGE = 100

const after = (of: string): Parameter => ({
  name: 'after',
  in: 'query',
  about: `go on behind this: \`next\` of the answer before; 0 or nothing: from the first ${of}`,
  kind: 'number',
})

export const resources: readonly Resource[] = [
  {
    method: 'GET',
    path: '/',
    summary: 'What can be asked for here',
    parameters: [],
    answers: 'Index',
    handle: index,
  },
  {
    method: 'GET',
    path: '/status',
    summary: 'What the run is doing, as odop status --json',
    parameters: [],
    answers: 'Status',
    handle: status,
  },
  {
    method: 'GET',
    path: '/status/{id}',
    summary: 'Details of a task, a work item or an attempt, as odop status --task or --item --json',
    parameters: [
      {
        name: 'id',
        in: 'path',
        about:
          'name of a task (`reduce`), id of a work item (`reduce%2312`) or name of an attempt (`reduce%2312.1`)',
        kind: 'text',
      },
    ],
    answers: 'Detail',
    handle: detail,
  },
  {
    method: 'GET',
    path: '/tasks',
    summary: 'All tasks: their definitions and how many work items are in each state',
    parameters: [],
    answers: 'Tasks',
    handle: tasks,
  },
  {
    method: 'GET',
    path: '/items',
    summary: 'Work items, in the order in which they were queued; of those that have ended the last 20,000',
    parameters: [
      { name: 'task', in: 'query', about: 'of this task only', kind: 'text' },
      { name: 'state', in: 'query', about: 'in this state only', kind: 'state' },
      after('item'),
      {
        name: 'limit',
        in: 'query',
        about: `at most so many (${DEFAULT_ITEMS_A_PAGE})`,
        kind: 'number',
        most: MOST_ITEMS_A_PAGE,
      },
    ],
    answers: 'Items',
    handle: items,
  },
  {
    method: 'GET',
    path: '/events',
    summary: 'Events of the journal, oldest first, in pages',
    parameters: [after('event')],
    answers: 'Events',
    handle: events,
  },
  {
    method: 'GET',
    path: '/summary',
    summary: 'The summary so far, as in summary.json',
    parameters: [],
    answers: 'Summary',
    handle: summary,
  },
  {
    method: 'GET',
    path: '/explain/{task}',
    summary: 'Why pending work items of a task do not run now',
    parameters: [{ name: 'task', in: 'path', about: 'name of a task', kind: 'text' }],
    answers: 'Explanation',
    handle: explanation,
  },
  {
    method: 'POST',
    path: '/signal/{name}',
    summary: 'Tells the run that something has happened, as odop signal',
    parameters: [{ name: 'name', in: 'path', about: 'name of the signal', kind: 'text' }],
    takes: 'Signal',
    answers: 'Signalled',
    handle: signal,
  },
  {
    method: 'POST',
    path: '/pause',
    summary: 'Suspends the tasks of the run, and starts none, until it is resumed, as odop pause',
    parameters: [],
    answers: 'Harvesting',
    handle: asked => told(asked, { type: 'pause' }, { paused: true }),
  },
  {
    method: 'POST',
    path: '/resume',
    summary: 'Lets the tasks of the run go on, as odop resume',
    parameters: [],
    answers: 'Harvesting',
    handle: asked => told(asked, { type: 'resume' }, { paused: false }),
  },
  {
    method: 'POST',
    path: '/cancel/{item}',
    summary: 'Gives up a work item, which is not tried again, as odop cancel',
    parameters: [
      {
        name: 'item',
        in: 'path',
        about: 'id of a work item (`reduce%2312`), or name of an attempt at it (`reduce%2312.1`)',
        kind: 'text',
      },
    ],
    answers: 'Cancelled',
    handle: cancel,
  },
  {
    method: 'GET',
    path: '/metrics',
    summary: 'Metrics in the text format of Prometheus',
    parameters: [],
    answers: null,
    handle: metrics,
  },
  {
    method: 'GET',
    path: '/openapi.json',
    summary: 'This description: OpenAPI 3.1',
    parameters: [],
    answers: 'OpenApi',
    handle: openApi,
  },
]

const STARTING = 'the run is still starting: its journal holds no launch yet'

async function index({ name }: Asked): Promise<Answer> {
  const listed = resources.map(({ method, path, summary }) => ({ method, path, summary }))
  return jsonAnswer({ schema: 1, run: name, odop: version(), resources: listed })
}

async function status({ run }: Asked): Promise<Answer> {
  const { state, options } = await run.read()
  const found = statusOf(state, options)
  return found === null ? problemAnswer(503, STARTING) : jsonAnswer(found)
}

async function detail({ run, paths, texts }: Asked): Promise<Answer> {
  const id = texts['id'] ?? ''
  const folded = await run.read()
  const found = detailIn(folded, id) ?? detailIn(await foldedFor(paths, id), id)
  return found === null
    ? problemAnswer(
        404,
        `there is no task, work item or attempt ${JSON.stringify(id)}; the # of an id is written %23`,
      )
    : jsonAnswer(found)
}

function detailIn({ state, options }: FoldedRun, id: string) {
  return taskDetail(state, id, options) ?? itemDetail(state, id, options) ?? attemptAnswer(state, id, options)
}

/** One that has ended long ago is in the journal only. */
function foldedFor(paths: RunPaths, id: string): Promise<FoldedRun> {
  return new RunReader(paths, { keepEnded: 1, only: itemOf(id) }).read()
}

async function tasks({ run }: Asked): Promise<Answer> {
  const { state, options } = await run.read()
  const found = statusOf(state, options)
  if (found === null) return problemAnswer(503, STARTING)
  const all = found.tasks.map(task => ({
    ...task,
    definition: state.tasks.get(task.name)?.definition ?? null,
  }))
  return jsonAnswer({ schema: 1, run: found.run, tasks: all })
}

async function items({ run, texts, numbers }: Asked): Promise<Answer> {
  const { state, options } = await run.read()
  const found = statusOf(state, options)
  if (found === null) return problemAnswer(503, STARTING)
  const { after = 0, limit = DEFAULT_ITEMS_A_PAGE } = numbers
  const page = []
  let next: number | null = null
  for (const record of options.history.items.values()) {
    if (record.sequence <= after) continue
    if (texts['task'] !== undefined && record.item.task !== texts['task']) continue
    const brief = itemBrief(record, found)
    if (texts['state'] !== undefined && brief.state !== texts['state']) continue
    if (page.length === limit) {
      next = page.at(-1)?.sequence ?? null
      break
    }
    page.push({ ...brief, sequence: record.sequence })
  }
  return jsonAnswer({ schema: 1, run: found.run, items: page, next })
}

async function events({ name, paths, numbers }: Asked): Promise<Answer> {
  const page = await eventsPage(paths.journal, numbers['after'] ?? 0)
  return jsonAnswer({ schema: 1, run: name, ...page })
}

async function summary({ run, paths }: Asked): Promise<Answer> {
  const { state, options } = await run.read()
  const attemptLog = (attempt: string) => paths.attemptLog(taskOf(attempt), attempt)
  const made = summarize(state, { now: options.now, details: options.details, attemptLog })
  return made === null ? problemAnswer(503, STARTING) : jsonAnswer(made)
}

async function explanation({ name, run, paths, texts }: Asked): Promise<Answer> {
  const asked = texts['task'] ?? ''
  const { state, options } = await run.read()
  const task = state.tasks.get(asked)
  if (task === undefined) return problemAnswer(404, `there is no task ${JSON.stringify(asked)}`)
  // Only the supervisor knows the last look at the nodes.
  const reply = await askRun(paths.controlSocket, { type: 'explain', task: asked })
  const waiting = statusOf(state, options)?.waiting.find(each => each.task === asked)
  const fromJournal = waiting === undefined ? [] : [waiting.reason]
  const reasons = reply?.ok === true ? (reply.reasons ?? fromJournal) : fromJournal
  return jsonAnswer({
    schema: 1,
    run: name,
    task: asked,
    pending: task.pendingCount,
    reasons,
  })
}

async function signal(asked: Asked): Promise<Answer> {
  const files = filesOf(asked.body)
  if (files === null) {
    return problemAnswer(400, 'expected no body, or {"files": ["/absolute/path"]}')
  }
  const signal = asked.texts['name'] ?? ''
  return told(asked, { type: 'signal', name: signal, files }, { signal, files })
}

async function cancel(asked: Asked): Promise<Answer> {
  const item = itemOf(asked.texts['item'] ?? '')
  return told(asked, { type: 'cancel', item }, { item })
}

/** Tells the run what to do. @param done what the answer says when it does so */
async function told({ name, paths }: Asked, request: ControlRequest, done: object): Promise<Answer> {
  const patience = request.type === 'signal' ? { milliseconds: SIGNAL_MILLISECONDS } : {}
  const reply = await askRun(paths.controlSocket, request, patience)
  if (reply === null) return problemAnswer(503, 'the run does not answer')
  if (!reply.ok) return problemAnswer(reply.again ? 503 : 400, reply.problem)
  return jsonAnswer({ schema: 1, run: name, ...done })
}

/** null: it is something else. */
function filesOf(body: string): readonly string[] | null {
  if (body.trim() === '') return []
  try {
    const { files = [] } = JSON.parse(body) as { readonly files?: unknown }
    const areFiles =
      Array.isArray(files) && files.every(file => typeof file === 'string' && file.startsWith('/'))
    return areFiles ? files : null
  } catch {
    return null
  }
}

async function metrics({ run }: Asked): Promise<Answer> {
  const { prometheusText, CONTENT_TYPE } = await import('./prometheus.ts')
  const { state, options } = await run.read()
  const found = statusOf(state, options)
  if (found === null) return problemAnswer(503, STARTING)
  return { status: 200, contentType: CONTENT_TYPE, body: await prometheusText(state, found, options.history) }
}

async function openApi(): Promise<Answer> {
  const { describeApi } = await import('./openapi.ts')
  return jsonAnswer(describeApi(resources, version()))
}
