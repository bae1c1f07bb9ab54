import { connect } from 'node:net'
import { expect, test } from 'vitest'
import { ended, launched, queued, started } from '../views/samples.ts'
import { answerProblem, schemaProblem } from './described.ts'
import { serve } from './served.ts'

/** Three items: one completed at the second attempt, one running, one pending. */
const sample = [
  ...launched(),
  queued('reduce', 1, 1),
  queued('reduce', 2, 1),
  queued('reduce', 3, 1),
  started('reduce', '1.1', 2),
  ended('reduce', '1.1', 3, { outcome: 'failed', reason: 'exit code 3', retryAt: 1 }),
  started('reduce', '1.2', 4),
  ended('reduce', '1.2', 5),
  started('reduce', '2.1', 6),
]

test.each([
  ['/', '/'],
  ['/status', '/status'],
  ['/status/{id}', '/status/reduce'],
  ['/status/{id}', '/status/reduce%231'],
  ['/status/{id}', '/status/reduce%231.1'],
  ['/tasks', '/tasks'],
  ['/items', '/items'],
  ['/events', '/events'],
  ['/summary', '/summary'],
  ['/explain/{task}', '/explain/reduce'],
  ['/openapi.json', '/openapi.json'],
])('%s answers as the description says: %s', async (template, path) => {
  await using served = await serve(...sample)
  const reply = await served.ask(path)
  expect(reply).toMatchObject({ status: 200, headers: { 'content-type': expect.stringMatching(/json/) } })
  expect(answerProblem(template, 'get', reply.json())).toBeNull()
})

test('what happens meanwhile shows', async () => {
  await using served = await serve(...sample)
  const stateOf = async () => ((await served.ask('/status/reduce%232')).json() as { state: string }).state
  expect(await stateOf()).toBe('running')
  served.append(ended('reduce', '2.1', 7))
  await expect.poll(stateOf, { timeout: 10_000 }).toBe('completed')
})

test('items are filtered and paged', async () => {
  await using served = await serve(...sample)
  const ids = async (query: string) => {
    const { items, next } = (await served.ask(`/items${query}`)).json() as {
      items: { item: string }[]
      next: number | null
    }
    return [items.map(({ item }) => item), next]
  }
  expect(await ids('')).toEqual([['reduce#1', 'reduce#2', 'reduce#3'], null])
  expect(await ids('?state=running')).toEqual([['reduce#2'], null])
  expect(await ids('?task=render')).toEqual([[], null])
  expect(await ids('?limit=2')).toEqual([['reduce#1', 'reduce#2'], 2])
  expect(await ids('?limit=2&after=2')).toEqual([['reduce#3'], null])
})

test('events come in pages until there are no more, each once', async () => {
  await using served = await serve(...sample)
  // More than a page, with one event that is longer than a page by itself.
  const note = (text: string) => ({ type: 'note', at: 9, level: 'info', text }) as const
  served.append(...Array.from({ length: 1000 }, (_, at) => note(`${at} ${'x'.repeat(1000)}`)))
  served.append(note('y'.repeat(600_000)), note('the last one'))
  const all: { type: string; text?: string }[] = []
  let pages = 0
  for (let after = 0, more = true; more; pages += 1) {
    const page = (await served.ask(`/events?after=${after}`)).json() as {
      events: typeof all
      next: number
      more: boolean
    }
    all.push(...page.events)
    expect(page.next).toBeGreaterThan(after)
    ;({ next: after, more } = page)
  }
  expect(pages).toBeGreaterThan(3)
  expect(all.length).toBe(sample.length + 1002)
  expect(all.at(-1)?.text).toBe('the last one')
})

test('an item that ended too long ago to be kept is found in the journal', async () => {
  const many = Array.from({ length: 23_000 }, (_, at) => at + 1)
  await using served = await serve(...launched())
  for (const number of many) {
    served.append(
      queued('reduce', number, 1),
      started('reduce', `${number}.1`, 2),
      ended('reduce', `${number}.1`, 3),
    )
  }
  const first = (await served.ask('/items?limit=1')).json() as { items: { sequence: number }[] }
  expect(first.items[0]?.sequence).toBeGreaterThan(1)
  expect((await served.ask('/status/reduce%231')).json()).toMatchObject({
    item: 'reduce#1',
    state: 'completed',
  })
})

test.each([
  ['another path', '/statsu', 404, /did you mean \/status/],
  ['another item', '/status/reduce%2399', 404, /reduce#99/],
  ['another task', '/explain/render', 404, /render/],
  ['a parameter that there is none of', '/items?stat=running', 400, /known are task, state/],
  ['a state that there is none of', '/items?state=idle', 400, /pending, running/],
  ['a number that is none', '/events?after=-1', 400, /0 or more/],
  ['too many', '/items?limit=1001', 400, /from 1 to 1000/],
  ['a path that is none', '//[', 400, /expected a path/],
  ['half an escape', '/status/%2', 404, /there is/],
])('%s is a problem', async (_, path, status, detail) => {
  await using served = await serve(...sample)
  const reply = await served.ask(path)
  expect(schemaProblem('Problem', reply.json())).toBeNull()
  expect(reply.json()).toMatchObject({ status, detail: expect.stringMatching(detail) })
  expect(reply.status).toBe(status)
})

test('another method is a problem that says which there are', async () => {
  await using served = await serve(...sample)
  expect(await served.ask('/status', { method: 'DELETE' })).toMatchObject({
    status: 405,
    headers: { allow: 'GET, HEAD' },
  })
  expect(await served.ask('/status', { method: 'HEAD' })).toMatchObject({ status: 200, text: '' })
})

test('a run that has not recorded its launch yet says so', async () => {
  await using served = await serve()
  for (const path of ['/status', '/tasks', '/items', '/summary', '/metrics']) {
    expect((await served.ask(path)).status).toBe(503)
  }
})

test.each([
  ['no token', null],
  ['another token', 'the-tokem'],
  ['a longer one', 'the-token-'],
])('on a port %s gets nothing but 401', async (_, token) => {
  await using served = await serve(...sample)
  for (const path of ['/', '/metrics', '/openapi.json', '/nowhere']) {
    const reply = await served.ask(path, { token })
    expect(reply).toMatchObject({ status: 401, headers: { 'www-authenticate': 'Bearer' } })
    expect(schemaProblem('Problem', reply.json())).toBeNull()
  }
})

test('a signal whose body is too long or none is refused', async () => {
  await using served = await serve(...sample)
  const post = (body: string) => served.ask('/signal/x', { method: 'POST', body })
  expect((await post('x'.repeat(70_000))).status).toBe(413)
  expect((await post('{')).status).toBe(400)
  expect((await post('{"files":["relative"]}')).status).toBe(400)
  // Nobody is at the run's socket here.
  expect((await post('{"files":["/a"]}')).status).toBe(503)
})

test.each([
  ['no HTTP', 'HELLO\r\n\r\n'],
  ['bytes', Buffer.from([0, 255, 1, 2, 13, 10, 13, 10])],
  ['a head without end', `GET / HTTP/1.1\r\nX: ${'x'.repeat(20_000)}`],
  ['a body without end', `POST /signal/x HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nx`],
  ['half a request', 'GET /sta'],
])('%s harms nobody else', async (_, bytes) => {
  await using served = await serve(...sample)
  const gone = new Promise(resolve => {
    const connection = connect(served.port, '127.0.0.1', () => {
      connection.write(bytes)
      // And is then torn, at whatever point.
      setImmediate(() => connection.resetAndDestroy())
    })
    connection.on('error', () => {})
    connection.on('close', resolve)
  })
  await gone
  expect((await served.ask('/status')).status).toBe(200)
})
