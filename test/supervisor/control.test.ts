import { randomUUID } from 'node:crypto'
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { connect } from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { type Control, openControl } from '../../src/supervisor/control.ts'
import { askRun } from '../../src/supervisor/control-client.ts'
import { type ControlRequest, MOST_LINE_BYTES, readReply } from '../../src/supervisor/control-protocol.ts'

const opened: Control[] = []
const folders: string[] = []

afterEach(async () => {
  await Promise.all(opened.splice(0).map(control => control.close()))
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

function newFolder(...below: readonly string[]): string {
  const top = mkdtempSync(path.join(os.tmpdir(), 'odop-test-'))
  folders.push(top)
  const folder = path.join(top, ...below)
  mkdirSync(folder, { recursive: true })
  return folder
}

async function open(folder: string, file = path.join(folder, 'control.sock')) {
  const socket = path.join(os.tmpdir(), `odop-control-${randomUUID()}`, 's')
  const received: ControlRequest[] = []
  const problems: string[] = []
  const control = await openControl({
    socket,
    link: file,
    handle: request => {
      received.push(request)
      if (request.type === 'explain') return { ok: true, reasons: [`why ${request.task}`] }
      if (request.type === 'tasks-add') return Promise.resolve({ ok: true, text: 'later' })
      if (request.type === 'run') return { ok: true, run: 'r', folder: '/r' }
      const name = request.type === 'signal' ? request.name : request.type
      if (name === 'bug') throw new Error('a bug')
      return name === 'progress' ? { ok: true } : { ok: false, problem: 'unknown' }
    },
    unavailable: reason => problems.push(reason),
  })
  opened.push(control)
  return { file, socket, control, received, problems }
}

const signal = (name: string, files: readonly string[] = []) => ({ type: 'signal', name, files }) as const

/** Sends bytes and gives all that comes back until the other side closes, or the answers are complete. */
function send(file: string, data: string | Buffer, answers: number): Promise<string> {
  return new Promise(resolve => {
    let got = ''
    const connection = connect(file, () => connection.write(data))
    connection.setEncoding('utf8')
    connection.on('error', () => {})
    connection.on('close', () => resolve(got))
    connection.on('data', text => {
      got += text
      if (got.split('\n').length > answers) connection.end()
    })
  })
}

describe('control.sock', () => {
  it('answers in order also when an earlier answer takes its time', async () => {
    const folder = newFolder()
    const file = path.join(folder, 'control.sock')
    let finish = () => {}
    const finished = new Promise<void>(resolve => {
      finish = resolve
    })
    const control = await openControl({
      socket: path.join(os.tmpdir(), `odop-control-${randomUUID()}`, 's'),
      link: file,
      handle: async request => {
        if (request.type === 'tasks-add') await finished
        else finish()
        return { ok: true, text: request.type }
      },
      unavailable: reason => expect.fail(reason),
    })
    opened.push(control)
    const asked = [
      { type: 'tasks-add', files: ['/a'] },
      signal('x'),
      { type: 'tasks-remove', task: 'a', now: true },
    ]
    const got = await send(file, asked.map(each => `${JSON.stringify(each)}\n`).join(''), 3)
    expect(got.trim().split('\n').map(readReply)).toEqual(asked.map(({ type }) => ({ ok: true, text: type })))
  })

  it('answers requests, for its owner alone, and is gone afterwards', async () => {
    const { file, control, received } = await open(newFolder())
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(statSync(file).isSocket()).toBe(true)
    expect(await askRun(file, signal('progress', ['/a b']))).toEqual({ ok: true })
    expect(await askRun(file, signal('other'))).toEqual({ ok: false, problem: 'unknown' })
    expect(received).toEqual([signal('progress', ['/a b']), signal('other')])
    expect(await askRun(file, { type: 'explain', task: 'a' })).toEqual({ ok: true, reasons: ['why a'] })
    await control.close()
    expect(existsSync(file)).toBe(false)
    expect(await askRun(file, signal('progress'))).toBeNull()
  })

  it.each([
    ['long', ['x'.repeat(100), 'y'.repeat(100)]],
    ['short', []],
  ])('is found through a link in a folder with a %s path', async (_, below) => {
    const { file, control } = await open(newFolder(...below))
    expect(lstatSync(file).isSymbolicLink()).toBe(true)
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(statSync(path.dirname(await realTarget(file))).mode & 0o777).toBe(0o700)
    expect(await askRun(file, signal('progress'))).toEqual({ ok: true })
    const target = await realTarget(file)
    await control.close()
    expect([existsSync(file), existsSync(path.dirname(target))]).toEqual([false, false])
  })

  it('replaces what a killed supervisor has left', async () => {
    const folder = newFolder()
    const file = path.join(folder, 'control.sock')
    writeFileSync(file, '')
    expect((await open(folder)).problems).toEqual([])
    expect(await askRun(file, signal('progress'))).toEqual({ ok: true })

    const long = newFolder('x'.repeat(100), 'y'.repeat(100))
    const left = mkdtempSync(path.join(os.tmpdir(), 'odop-control-'))
    folders.push(left)
    symlinkSync(path.join(left, 's'), path.join(long, 'control.sock'))
    expect((await open(long)).problems).toEqual([])
    expect(existsSync(left)).toBe(false)
    expect(await askRun(path.join(long, 'control.sock'), signal('progress'))).toEqual({ ok: true })
  })

  it('that can not be found in the folder is only said, and works for those who know of it', async () => {
    const { problems, socket } = await open('/nowhere', '/nowhere/at/all/control.sock')
    expect(problems).toEqual([expect.stringMatching(/ENOENT|EACCES/)])
    expect(await askRun(socket, signal('progress'))).toEqual({ ok: true })
  })

  it('that can not be made is only said: not where somebody else was before us', async () => {
    const taken = newFolder()
    const problems: string[] = []
    const control = await openControl({
      socket: path.join(taken, 's'),
      link: null,
      handle: () => ({ ok: true }),
      unavailable: reason => problems.push(reason),
    })
    expect(problems).toEqual([expect.stringMatching(/EEXIST/)])
    await control.close()
    expect(existsSync(taken)).toBe(true)
  })

  it('says which run it is of', async () => {
    const { file } = await open(newFolder())
    expect(await askRun(file, { type: 'run' })).toEqual({ ok: true, run: 'r', folder: '/r' })
  })

  it.each([
    ['no JSON', 'hello\n'],
    ['no object', '[1]\n'],
    ['null', 'null\n'],
    ['another type', '{"type":"explode"}\n'],
    ['a name that is none', '{"type":"signal","name":7,"files":[]}\n'],
    ['files that are none', '{"type":"signal","name":"progress","files":[1]}\n'],
    ['bytes', Buffer.from([0xff, 0xfe, 0x00, 0x0a])],
    ['what makes the receiver fail', '{"type":"signal","name":"bug","files":[]}\n'],
  ])('answers %s with a problem and goes on', async (_, data) => {
    const { file } = await open(newFolder())
    const reply = readReply((await send(file, data, 1)).split('\n')[0] ?? '')
    expect(reply).toEqual({ ok: false, problem: expect.any(String) })
    expect(await askRun(file, signal('progress'))).toEqual({ ok: true })
  })

  it('hears no more of who sends a line without end', async () => {
    const { file, received } = await open(newFolder())
    expect(await send(file, 'x'.repeat(4 * MOST_LINE_BYTES), 9)).toContain('at most')
    expect(received).toEqual([])
    expect(await askRun(file, signal('progress'))).toEqual({ ok: true })
  })

  it('answers several requests in order, in whatever pieces they come', async () => {
    const { file, received } = await open(newFolder())
    const lines = ['progress', 'ü', 'progress'].map(name => `${JSON.stringify(signal(name))}\n`).join('')
    const bytes = Buffer.from(lines)
    const answers = await new Promise<string>(resolve => {
      let got = ''
      const connection = connect(file, () => writeByByte(0))
      const writeByByte = (at: number) => {
        if (at < bytes.length) connection.write(bytes.subarray(at, at + 1), () => writeByByte(at + 1))
      }
      connection.on('data', data => {
        got += data
        if (got.split('\n').length > 3) connection.end(() => resolve(got))
      })
    })
    expect(answers.trim().split('\n').map(readReply)).toEqual([
      { ok: true },
      { ok: false, problem: 'unknown' },
      { ok: true },
    ])
    expect(received[1]).toMatchObject({ name: 'ü' })
  })
})

async function realTarget(file: string): Promise<string> {
  const { readlink } = await import('node:fs/promises')
  return readlink(file)
}

describe('HTTP on control.sock', () => {
  it('is handed over with all that was read of it, and the lines of others are not', async () => {
    const heads: string[] = []
    const file = path.join(newFolder(), 'control.sock')
    const control = await openControl({
      socket: path.join(os.tmpdir(), `odop-control-${randomUUID()}`, 's'),
      link: file,
      handle: () => ({ ok: true }),
      takeHttp: (connection, head) => {
        heads.push(head.toString())
        connection.end('HTTP/1.1 204 No Content\r\n\r\n')
      },
      unavailable: () => {},
    })
    opened.push(control)
    expect(await send(file, 'GET /ü HTTP/1.1\r\n\r\n', 9)).toMatch(/^HTTP\/1.1 204/)
    expect(await askRun(file, signal('GET'))).toEqual({ ok: true })
    expect(heads).toEqual(['GET /ü HTTP/1.1\r\n\r\n'])
  })
})
