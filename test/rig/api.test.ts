import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  statSync,
} from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { resources } from '../../src/api/resources.ts'
import { answerProblem } from '../api/described.ts'
import { ask } from '../api/served.ts'
import { createRig, odop, type Rig, type Started, until } from './rig.ts'

const TASKS = `
import { fileIn, task } from 'odop'
export const reduce = task({ name: 'reduce', trigger: fileIn('data'), retries: 0 }, ({ files }) => {
  if (files[0].endsWith('bad')) throw new Error('a bad file')
})
export const check = task({ name: 'check', trigger: fileIn('data'), command: ({ files }) => ['test', '-s', ...files], retries: 0 })
export const long = task({ name: 'long', trigger: fileIn('data', { filter: 'good' }), command: () => ['sleep', '600'], cpus: 1 })
export const never = task({ name: 'never', trigger: fileIn('data', { filter: 'good' }), command: () => ['true'], memory: '500T' })
`

/** A run whose application ends when the file `stop` is there. */
async function startRun(rig: Rig, ...options: readonly string[]): Promise<{ run: Started; folder: string }> {
  rig.write('tasks/some.mjs', TASKS)
  rig.write('data/good', 'x')
  rig.write('data/bad', '')
  const app = ['sh', '-c', 'until [ -e stop ]; do sleep 0.1; done']
  const run = rig.start([odop, 'run', '--name', 'asked', ...options, '--', ...app])
  const folder = path.join(rig.odopPath, 'runs', 'asked')
  await until('the run can be asked', () => existsSync(path.join(folder, 'control.sock')))
  return { run, folder }
}

async function settled(rig: Rig): Promise<void> {
  await until('two attempts have ended for each task, and one runs', () => {
    const events = rig.events('asked')
    const ended = events.filter(({ type }) => type === 'attempt-ended').length
    return ended === 4 && events.some(event => event.type === 'attempt-started' && event.task === 'long')
  })
}

const ACTUAL: Readonly<Record<string, readonly string[]>> = {
  '/status/{id}': [
    '/status/reduce',
    '/status/long',
    '/status/reduce%231',
    '/status/long%231.1',
    '/status/check%232',
  ],
  '/explain/{task}': ['/explain/never', '/explain/reduce'],
  '/signal/{name}': ['/signal/progress'],
  '/cancel/{item}': ['/cancel/long%231.1'],
  '/items': ['/items', '/items?task=reduce', '/items?state=failed&limit=1'],
}

test('every resource of a live run answers as the description says, and the run ends as ever', async () => {
  await using rig = createRig()
  const { run, folder } = await startRun(rig)
  await settled(rig)
  const socketPath = path.join(folder, 'control.sock')
  for (const { path: template, method, answers } of resources) {
    for (const actual of ACTUAL[template] ?? [template]) {
      const reply = await ask({ socketPath }, actual, { method })
      expect(reply.status, actual).toBe(200)
      if (answers !== null) {
        expect(answerProblem(template, method.toLowerCase(), reply.json()), actual).toBeNull()
      }
    }
  }
  const json = async (asked: string) => (await ask({ socketPath }, asked)).json()
  expect(await json('/explain/never')).toMatchObject({
    pending: 1,
    reasons: [expect.stringMatching(/memory/)],
  })
  expect(await json('/status/check')).toMatchObject({ completed: 1, failed: 1 })
  const [failed] = ((await json('/items?task=check&state=failed')) as { items: { item: string }[] }).items
  expect(await json(`/status/${encodeURIComponent(failed?.item ?? '')}`)).toMatchObject({
    state: 'failed',
    reason: 'exit code 1',
    attempts: [{ exitCode: 1, log: expect.stringContaining(folder) }],
  })
  const metrics = await ask({ socketPath }, '/metrics')
  expect(metrics.text).toContain('odop_attempts_total{task="reduce",outcome="failed"} 1')
  if (spawnSync('promtool', ['--version']).status === 0) {
    expect(spawnSync('promtool', ['check', 'metrics'], { input: metrics.text }).status).toBe(0)
  }
  // The status of the command line says the same.
  const told = await rig.odop(['status', 'asked', '--json'])
  const { tasks } = JSON.parse(told.stdout.toString())
  expect(await json('/status')).toMatchObject({ tasks, run: 'asked', state: 'live' })
  rig.write('stop', '')
  expect((await run.finished).code).toBe(0)
  await until('nothing is left of it', () => rig.processes().length === 0)
})

test('details of a task and of a work item, of a live run and of a finished one', async () => {
  await using rig = createRig()
  const { run } = await startRun(rig)
  await settled(rig)
  const status = async (...words: readonly string[]) => {
    const { code, stdout, stderr } = await rig.odop(['status', 'asked', ...words])
    return { code, text: stdout.toString(), stderr }
  }
  const json = async (...words: readonly string[]) => JSON.parse((await status(...words, '--json')).text)
  expect(await json('--task', 'long')).toMatchObject({ pending: 0, running: 1, queued: 1, kind: 'task' })
  expect(await json('--item', 'long#1')).toMatchObject({ state: 'running', attempts: [{ state: 'running' }] })
  expect((await status('--task', 'reduce')).text).toMatch(/2 queued, 1 completed, 1 failed/)
  rig.write('stop', '')
  await run.finished
  expect(await json('--task', 'long')).toMatchObject({ pending: 1, running: 0, attempts: { requeued: 1 } })
  expect(await json('--item', 'long#1.1')).toMatchObject({
    state: 'pending',
    attempts: [{ state: 'requeued', reason: 'the application has ended' }],
  })
  const failed = [1, 2].map(async number => (await status('--item', `reduce#${number}`)).text)
  expect((await Promise.all(failed)).join('')).toMatch(
    /failed[\s\S]*a bad file[\s\S]*logs\/reduce\/\d\.1\.log/,
  )
  expect(await status('--task', 'redcue')).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/there is: .*reduce/),
  })
  expect(await status('--item', 'reduce#9')).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/reduce#9/),
  })
})

test('pause, resume and cancel do what the commands do', async () => {
  await using rig = createRig()
  const { run, folder } = await startRun(rig)
  await settled(rig)
  const socketPath = path.join(folder, 'control.sock')
  const post = (asked: string) => ask({ socketPath }, asked, { method: 'POST' })
  const status = async () => JSON.parse((await rig.odop(['status', 'asked', '--json'])).stdout.toString())
  expect((await post('/pause')).json()).toEqual({ schema: 1, run: 'asked', paused: true })
  await until('what runs is suspended', async () => (await status()).attempts[0]?.state === 'suspended')
  expect(await status()).toMatchObject({ pausedSince: expect.any(String) })
  expect((await post('/resume')).json()).toEqual({ schema: 1, run: 'asked', paused: false })
  await until('it goes on', async () => (await status()).attempts[0]?.state === 'running')
  expect(await status()).toMatchObject({ pausedSince: null })

  expect((await ask({ socketPath }, '/cancel/long%231')).status, 'only with POST').toBe(405)
  expect((await post('/cancel/long%231')).json()).toEqual({ schema: 1, run: 'asked', item: 'long#1' })
  await until('it is cancelled', () =>
    rig.events('asked').some(event => event.type === 'attempt-ended' && event.outcome === 'cancelled'),
  )
  expect((await post('/cancel/long%231')).json()).toMatchObject({
    status: 400,
    detail: expect.stringContaining('has ended'),
  })
  expect((await post('/cancel/nothing')).json()).toMatchObject({
    status: 400,
    detail: expect.stringContaining('is no work item'),
  })
  rig.write('stop', '')
  expect((await run.finished).code).toBe(0)
})

test.skipIf(process.platform !== 'linux')(
  'no process of a run listens on a TCP port, also when it has been asked (skipped without /proc)',
  async () => {
    await using rig = createRig()
    const { folder } = await startRun(rig)
    const port = await portOf(['--api', '0'])
    expect(port, 'a port that is asked for shows').toBeGreaterThan(0)
    await settled(rig)
    await ask({ socketPath: path.join(folder, 'control.sock') }, '/status')
    expect(rig.processes().filter(({ command }) => command.includes('api.cjs'))).toHaveLength(1)
    expect(rig.processes().flatMap(({ pid }) => portsOf(pid))).toEqual([])
  },
)

/** The port of a run with these options, which is then ended. */
async function portOf(options: readonly string[]): Promise<number> {
  await using rig = createRig()
  await startRun(rig, ...options)
  let ports: number[] = []
  await until('it listens', () => {
    ports = rig.processes().flatMap(({ pid }) => portsOf(pid))
    return ports.length > 0
  })
  rig.write('stop', '')
  return ports[0] ?? 0
}

/** TCP ports on which a process listens, IPv6 included. */
function portsOf(pid: number): number[] {
  try {
    const sockets = readdirSync(`/proc/${pid}/fd`).map(fd => {
      try {
        return readlinkSync(`/proc/${pid}/fd/${fd}`)
      } catch {
        return ''
      }
    })
    const lines = ['tcp', 'tcp6'].flatMap(table =>
      readFileSync(`/proc/${pid}/net/${table}`, 'utf8').split('\n'),
    )
    return lines.flatMap(line => {
      const [, local = '', , state, , , , , , inode] = line.trim().split(/\s+/)
      const isOurs = state === LISTENING && sockets.includes(`socket:[${inode}]`)
      return isOurs ? [Number.parseInt(local.split(':').at(-1) ?? '', 16)] : []
    })
  } catch {
    return []
  }
}

const LISTENING = '0A'

test('on a port only who shows the token of the run’s folder gets an answer', async () => {
  await using rig = createRig()
  const { run, folder } = await startRun(rig, '--api', '0')
  let url = ''
  await until('its address is told', () => {
    const note = rig.events('asked').find(event => event.type === 'note' && event.text.startsWith('HTTP on'))
    url = /http:\/\/127\.0\.0\.1:\d+/.exec(note?.type === 'note' ? note.text : '')?.[0] ?? ''
    return url !== ''
  })
  const file = path.join(folder, 'api-token')
  expect(statSync(file).mode & 0o777).toBe(0o600)
  const where = { host: '127.0.0.1', port: Number(new URL(url).port) }
  const token = readFileSync(file, 'utf8')
  expect((await ask(where, '/status')).status).toBe(401)
  expect((await ask(where, '/status', { token: `${token}x` })).status).toBe(401)
  expect(await ask(where, '/status', { token })).toMatchObject({ status: 200 })
  // Nobody else tells the run what to do.
  for (const asked of ['/pause', '/resume', '/cancel/long%231', '/signal/progress'])
    expect((await ask(where, asked, { method: 'POST' })).status, asked).toBe(401)
  expect(rig.events('asked').map(({ type }) => type)).not.toContain('harvest-paused')
  expect((await ask(where, '/pause', { method: 'POST', token })).status).toBe(200)
  rig.write('stop', '')
  expect((await run.finished).code).toBe(0)
  expect(existsSync(file)).toBe(false)
})

test('what answers ends with a supervisor that is killed', async () => {
  await using rig = createRig()
  const { run, folder } = await startRun(rig, '--api', '0')
  expect((await ask({ socketPath: path.join(folder, 'control.sock') }, '/status')).status).toBe(200)
  const answering = () => rig.processes().filter(({ command }) => command.includes('api.cjs'))
  expect(answering()).toHaveLength(1)
  process.kill(run.pid, 'SIGKILL')
  await until('it is gone', () => answering().length === 0)
})

test('a port that is taken is only said', async () => {
  await using rig = createRig()
  await using other = createRig()
  await startRun(other, '--api', '0')
  let port = 0
  await until('the other listens', () => {
    port = other.processes().flatMap(({ pid }) => portsOf(pid))[0] ?? 0
    return port > 0
  })
  const { run, folder } = await startRun(rig, '--api', `127.0.0.1:${port}`)
  await until('it is said', () => /can't be asked by HTTP on a port: .*EADDRINUSE/.test(run.stderr()))
  expect((await ask({ socketPath: path.join(folder, 'control.sock') }, '/status')).status).toBe(200)
  rig.write('stop', '')
  expect((await run.finished).code).toBe(0)
})

const isRoot = process.getuid?.() === 0
/** Nobody's; with the machine's own programs, since he can't enter the home of who runs the tests. */
const asNobody = (...words: readonly string[]) =>
  spawnSync('setpriv', ['--reuid=65534', '--clear-groups', ...words], {
    encoding: 'utf8',
    env: { PATH: '/usr/bin:/bin' },
  })
const canBeOther = isRoot && asNobody('python3', '--version').status === 0

/** Connects, asks, and prints what comes back. */
const CLIENT = `
import socket, sys
s = socket.socket(socket.AF_UNIX)
s.connect(sys.argv[1])
print('connected', flush=True)
try:
    s.sendall(b'GET /status HTTP/1.1\\r\\nHost: run\\r\\nConnection: close\\r\\n\\r\\n')
    while data := s.recv(65536): print(data.decode())
except OSError: pass
`

test.skipIf(!canBeOther)(
  'another user gets no answer, even where folder and socket let him in (skipped unless root with setpriv and python3)',
  async () => {
    await using rig = createRig()
    const { folder } = await startRun(rig)
    const socket = path.join(folder, 'control.sock')
    const client = ['python3', '-c', CLIENT, socket]
    const asOther = () => asNobody(...client)
    expect((await rig.start(client).finished).stdout.toString()).toContain('"run":"asked"')
    const before = asOther()
    expect(before.stdout).toBe('')
    expect(before.stderr).toContain('PermissionError')
    for (let at = folder; at.length >= rig.folder.length; at = path.dirname(at)) chmodSync(at, 0o755)
    // A link leads to it.
    chmodSync(path.dirname(realpathSync(socket)), 0o755)
    chmodSync(socket, 0o666)
    expect(asOther().stdout).toBe('connected\n')
  },
)

test('thousands of questions do not hold up decisions', async () => {
  await using rig = createRig()
  const { run, folder } = await startRun(rig)
  await settled(rig)
  const socketPath = path.join(folder, 'control.sock')
  const supervisor = () => {
    const fields = readFileSync(`/proc/${run.pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
    return (Number(fields[11]) + Number(fields[12])) / 100
  }
  const before = supervisor()
  const deadline = Date.now() + 5_000
  let answered = 0
  const flood = async () => {
    while (Date.now() < deadline) {
      await ask({ socketPath }, '/status').then(
        () => (answered += 1),
        () => {},
      )
    }
  }
  await Promise.all(Array.from({ length: 50 }, flood))
  expect(answered).toBeGreaterThan(5)
  // Its part is to hand connections over, at a rate that is bounded.
  expect(supervisor() - before).toBeLessThan(2)
  rig.write('data/good2', 'x')
  await until('a new file is processed', () =>
    rig.events('asked').some(event => event.type === 'attempt-ended' && event.item === 'reduce#3'),
  )
  rig.write('stop', '')
  expect((await run.finished).code).toBe(0)
})
