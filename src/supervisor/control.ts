import { chmod, mkdir, readlink, rm, symlink } from 'node:fs/promises'
import { createServer, type Server, type Socket } from 'node:net'
import path from 'node:path'
import { SOCKET_FOLDER } from '../app/announcement.ts'
import { systemCalls } from '../os/system-calls.ts'
import { Budget } from '../triggers/budget.ts'
import { type ControlReply, type ControlRequest, MOST_LINE_BYTES, readRequest } from './control-protocol.ts'

/** Where a live run listens, and its owner, nobody else, talks to it. */
export interface Control {
  /** Removes the socket. */
  close(): Promise<void>
}

/** An answer may take its time: those to later requests of the same connection wait for it. `gone` aborts when nobody waits any more. */
export type Handle = (request: ControlRequest, gone: AbortSignal) => ControlReply | Promise<ControlReply>

export interface ControlOptions {
  /** In a folder that does not exist yet and that nobody else knows of, see `announce`. */
  readonly socket: string
  /** `control.sock` in the run's folder, by which others find it; the run is locked, so what is there is stale. null: there is no such folder. */
  readonly link: string | null
  readonly handle: Handle
  /** Takes a connection on which somebody speaks HTTP, with what has been read of it; missing: nobody does. */
  readonly takeHttp?: (connection: Socket, head: Buffer) => void
  /** The socket can't be made, or not be found: everything else works without. */
  readonly unavailable: (reason: string) => void
}

/** Never rejects. */
export async function openControl(options: ControlOptions): Promise<Control> {
  const { socket, link } = options
  const folder = path.dirname(socket)
  try {
    await mkdir(folder, { mode: 0o700 })
    const server = await listen(socket, options)
    await chmod(socket, 0o600)
    if (link !== null) await linkTo(socket, link).catch(error => options.unavailable(messageOf(error)))
    return { close: () => closeControl(server, options) }
  } catch (error) {
    options.unavailable(messageOf(error))
    return { close: async () => {} }
  }
}

/** At the same time; one that asks for more has something else in mind. */
const MOST_CONNECTIONS = 64
const IDLE_MILLISECONDS = 10_000

/**
 * The socket itself is never in the run's folder. To bind one is a call that waits for the file system, in the thread that forwards signals: it must not
 * be one of a server that may be dead. The path of a socket may have no more than 107 bytes. And the application is told of it before the
 * run has a folder.
 */
async function linkTo(socket: string, link: string): Promise<void> {
  await removeStale(link)
  await symlink(socket, link)
}

/** A supervisor that was killed leaves the link and the folder behind. */
async function removeStale(link: string): Promise<void> {
  const target = await readlink(link).catch(() => null)
  const folder = target === null ? null : path.dirname(target)
  if (folder !== null && path.basename(folder).startsWith(SOCKET_FOLDER)) {
    await rm(folder, { recursive: true, force: true }).catch(() => {})
  }
  await rm(link, { force: true })
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

function listen(socket: string, options: ControlOptions): Promise<Server> {
  const budget = new Budget(SHARE_OF_A_CORE, BURST_MILLISECONDS)
  const server = createServer(connection => serve(connection, options, budget))
  server.maxConnections = MOST_CONNECTIONS
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(socket, () => {
      server.off('error', reject)
      // A connection that can't be accepted is the caller's problem.
      server.on('error', () => {})
      server.unref()
      resolve(server)
    })
  })
}

/** What requests may cost, whoever sends how many. */
const SHARE_OF_A_CORE = 0.02
const BURST_MILLISECONDS = 50

function serve(connection: Socket, { handle, takeHttp }: ControlOptions, budget: Budget): void {
  let rest: string | null = null
  if (isOfAnotherUser(connection)) {
    connection.destroy()
    return
  }
  const answers = new Answers(connection)
  const gone = new AbortController()
  const handleHere = (request: ControlRequest) => handle(request, gone.signal)
  connection.unref()
  connection.setEncoding('latin1')
  connection.setTimeout(IDLE_MILLISECONDS, () => connection.destroy())
  connection.on('error', () => connection.destroy())
  connection.on('close', () => gone.abort())
  connection.on('data', (data: string) => {
    const began = performance.now()
    if (rest === null && takeHttp !== undefined && /^[A-Z]/.test(data)) {
      connection.removeAllListeners('data').pause()
      const hand = () => !connection.destroyed && takeHttp(connection, Buffer.from(data, 'latin1'))
      setTimeout(hand, budget.delay()).unref()
      budget.spend(HAND_OVER_MILLISECONDS)
      return
    }
    rest ??= ''
    const lines = (rest + data).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) answer(answers, line, handleHere)
    if (rest.length > MOST_LINE_BYTES) {
      reply(connection, { ok: false, problem: `a request has at most ${MOST_LINE_BYTES} bytes` })
      connection.destroySoon()
    }
    budget.spend(performance.now() - began)
    breathe(connection, budget.delay())
  })
}

/** What it costs to hand a connection to another process, which does the rest. */
const HAND_OVER_MILLISECONDS = 0.3

/** The mode of the socket and of its folder keep others out already; not on every file system. */
function isOfAnotherUser(connection: Socket): boolean {
  // Not in the types: what is below a socket has a descriptor wherever there are sockets in the file system.
  const { fd } = (connection as { _handle?: { fd?: number } })._handle ?? {}
  const user = fd === undefined ? null : (systemCalls()?.peerUser(fd) ?? null)
  return user !== null && user !== process.getuid?.()
}

function breathe(connection: Socket, milliseconds: number): void {
  if (milliseconds === 0) return
  connection.pause()
  setTimeout(() => connection.resume(), milliseconds).unref()
}

function answer(
  answers: Answers,
  line: string,
  handle: (request: ControlRequest) => ControlReply | Promise<ControlReply>,
): void {
  if (line.trim() === '') return
  const read = readRequest(Buffer.from(line, 'latin1').toString('utf8'))
  if ('problem' in read) {
    answers.add({ ok: false, problem: read.problem })
    return
  }
  try {
    answers.add(handle(read.request))
  } catch {
    answers.add(FAILED)
  }
}

const FAILED: ControlReply = { ok: false, problem: 'odop could not do that' }

/** What a connection is still owed, in the order in which it has asked: some requests take their time. */
class Answers {
  readonly #connection: Socket
  #last: Promise<void> = Promise.resolve()
  #count = 0

  constructor(connection: Socket) {
    this.#connection = connection
  }

  add(answer: ControlReply | Promise<ControlReply>): void {
    this.#count += 1
    // Whoever waits for an answer is not idle.
    this.#connection.setTimeout(0)
    const settled = Promise.resolve(answer).catch(() => FAILED)
    this.#last = this.#last.then(async () => {
      reply(this.#connection, await settled)
      this.#count -= 1
      if (this.#count === 0) this.#connection.setTimeout(IDLE_MILLISECONDS)
    })
  }
}

function reply(connection: Socket, answer: ControlReply): void {
  // Who does not read what was asked for gets no more.
  if (connection.writableLength > MOST_LINE_BYTES) connection.destroy()
  else if (connection.writable) connection.write(`${JSON.stringify(answer)}\n`)
}

async function closeControl(server: Server, { socket, link }: ControlOptions): Promise<void> {
  server.close()
  if (link !== null) await rm(link, { force: true }).catch(() => {})
  await rm(path.dirname(socket), { recursive: true, force: true }).catch(() => {})
}
