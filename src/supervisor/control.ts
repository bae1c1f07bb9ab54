import { chmod, mkdtemp, readlink, rm, symlink } from 'node:fs/promises'
import { createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { systemCalls } from '../os/system-calls.ts'
import { Budget } from '../triggers/budget.ts'
import { isOnNetwork } from '../triggers/folder/network-file-system.ts'
import { type ControlReply, type ControlRequest, MOST_LINE_BYTES, readRequest } from './control-protocol.ts'

/** A live run's `control.sock`, by which its owner, and nobody else, talks to it. */
export interface Control {
  /** Removes the socket. */
  close(): Promise<void>
}

export interface ControlOptions {
  /** `control.sock` in the run's folder, which belongs to its owner alone; the run is locked, so what is there is stale. */
  readonly file: string
  /** Requests of a connection are answered in their order. */
  readonly handle: (request: ControlRequest) => ControlReply | Promise<ControlReply>
  /** Takes a connection on which somebody speaks HTTP, with what has been read of it; missing: nobody does. */
  readonly takeHttp?: (connection: Socket, head: Buffer) => void
  /** The socket can't be made: everything else works without. */
  readonly unavailable: (reason: string) => void
}

/** Never rejects. */
export async function openControl(options: ControlOptions): Promise<Control> {
  let place: Place | null = null
  try {
    await removeStale(options.file)
    const chosen = await placeFor(options.file)
    place = chosen
    const server = await listen(chosen.socket, options)
    await chmod(chosen.socket, 0o600)
    if (chosen.folder !== null) await symlink(chosen.socket, options.file)
    return { close: () => closeControl(server, options.file, chosen) }
  } catch (error) {
    if (place?.folder) await rm(place.folder, { recursive: true, force: true }).catch(() => {})
    options.unavailable(error instanceof Error ? error.message : String(error))
    return { close: async () => {} }
  }
}

/** Where the socket itself is. */
interface Place {
  readonly socket: string
  /** A private temporary folder that holds it, to which the run's folder has a link; null: it is in the run's folder. */
  readonly folder: string | null
}

/** `sizeof(sun_path)` less the final zero: 108 on Linux, 104 elsewhere. */
const MOST_PATH_BYTES = process.platform === 'linux' ? 107 : 103
const FOLDER_PREFIX = 'odop-control-'
/** At the same time; one that asks for more has something else in mind. */
const MOST_CONNECTIONS = 16
const IDLE_MILLISECONDS = 10_000

/**
 * To bind a socket is a call that waits for the file system, in the thread that forwards signals: it must not be one of a
 * server that may be dead. And the path of a socket may have no more than 107 bytes.
 */
async function placeFor(file: string): Promise<Place> {
  const fits = Buffer.byteLength(file) <= MOST_PATH_BYTES
  if (fits && !(await isOnNetwork(path.dirname(file)))) return { socket: file, folder: null }
  const short = tmpdir().length <= 60 ? tmpdir() : '/tmp'
  const folder = await mkdtemp(path.join(short, FOLDER_PREFIX))
  return { socket: path.join(folder, 's'), folder }
}

/** A supervisor that was killed leaves its socket behind, or the link and the folder. */
async function removeStale(file: string): Promise<void> {
  const target = await readlink(file).catch(() => null)
  const folder = target === null ? null : path.dirname(target)
  if (folder !== null && path.basename(folder).startsWith(FOLDER_PREFIX)) {
    await rm(folder, { recursive: true, force: true }).catch(() => {})
  }
  await rm(file, { force: true })
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
  connection.unref()
  connection.setEncoding('latin1')
  connection.setTimeout(IDLE_MILLISECONDS, () => connection.destroy())
  connection.on('error', () => connection.destroy())
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
    for (const line of lines) answer(answers, line, handle)
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

function answer(answers: Answers, line: string, handle: ControlOptions['handle']): void {
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

async function closeControl(server: Server, file: string, { folder }: Place): Promise<void> {
  server.close()
  await rm(file, { force: true }).catch(() => {})
  if (folder !== null) await rm(folder, { recursive: true, force: true }).catch(() => {})
}
