import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { Budget } from '../triggers/budget.ts'
import { type Answer, problemAnswer } from './answer.ts'

/** A question, as far as resources need to know it. */
export interface Question {
  readonly method: string
  readonly path: string
  readonly query: URLSearchParams
  readonly body: string
}

export interface ApiServerOptions {
  readonly answer: (question: Question) => Promise<Answer>
  /** What who comes by the port has to show; null: there is none. */
  readonly isToken: ((given: string) => boolean) | null
}

export interface ApiServer {
  /** What listens where it is told to, and asks for the token. */
  readonly server: Server
  /** A connection that is known to be its owner's. */
  take(connection: Socket, head: Buffer): void
}

const MOST_CONNECTIONS = 32
const MOST_REQUESTS_A_CONNECTION = 1_000
const MOST_BODY_BYTES = 64 * 1024
const MOST_HEADER_BYTES = 8 * 1024
const PATIENCE_MILLISECONDS = 10_000
const KEEP_ALIVE_MILLISECONDS = 5_000
/** What all answers together may cost, whoever asks how often; each waits its turn, but not longer than this. */
const SHARE_OF_A_CORE = 0.1
const BURST_MILLISECONDS = 1_000
const LONGEST_REST_MILLISECONDS = 1_000

/** Answers one question after the other. Whatever a client does, nothing throws. */
export function createApiServer({ answer, isToken }: ApiServerOptions): ApiServer {
  const owners = new WeakSet<Socket>()
  const budget = new Budget(SHARE_OF_A_CORE, BURST_MILLISECONDS)
  let cpu = process.cpuUsage()
  let turn: Promise<unknown> = Promise.resolve()
  let handedOver = 0

  const respond = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const isAllowed = owners.has(request.socket) || isToken?.(bearerOf(request)) === true
    if (!isAllowed) return send(response, unauthorised(), true)
    const body = await bodyOf(request)
    if (body === null) {
      return send(response, problemAnswer(413, `a request has at most ${MOST_BODY_BYTES} bytes`), true)
    }
    const question = questionOf(request, body)
    if (question === null) {
      return send(response, problemAnswer(400, 'expected a path such as /status'), true)
    }
    const answered = turn.then(async () => {
      if (request.socket.destroyed) return
      await rest()
      send(response, await answer(question).catch(internalProblem), false)
    })
    // Who comes next waits for this one, whatever became of it.
    turn = answered.catch(() => {})
    await answered
  }

  /** All that this process has used counts: for answers, for reading the journal, and for who is not allowed in. */
  const rest = async (): Promise<void> => {
    const { user, system } = process.cpuUsage(cpu)
    cpu = process.cpuUsage()
    budget.spend((user + system) / 1000)
    const milliseconds = Math.min(LONGEST_REST_MILLISECONDS, budget.delay())
    if (milliseconds > 0) await new Promise(resolve => setTimeout(resolve, milliseconds))
  }

  const server = createServer(
    {
      maxHeaderSize: MOST_HEADER_BYTES,
      headersTimeout: PATIENCE_MILLISECONDS,
      requestTimeout: PATIENCE_MILLISECONDS,
      keepAliveTimeout: KEEP_ALIVE_MILLISECONDS,
      connectionsCheckingInterval: 2_000,
    },
    (request, response) => void respond(request, response).catch(() => request.socket.destroy()),
  )
  server.maxConnections = MOST_CONNECTIONS
  server.maxRequestsPerSocket = MOST_REQUESTS_A_CONNECTION
  server.setTimeout(PATIENCE_MILLISECONDS, socket => socket.destroy())
  server.on('clientError', (_, socket) => refuse(socket as Socket))

  return {
    server,
    take(connection, head) {
      if (handedOver >= MOST_CONNECTIONS) {
        connection.destroy()
        return
      }
      handedOver += 1
      connection.once('close', () => {
        handedOver -= 1
      })
      connection.on('error', () => connection.destroy())
      owners.add(connection)
      connection.unshift(head)
      server.emit('connection', connection)
    },
  }
}

/** What is no HTTP, or has too long a head. */
function refuse(socket: Socket): void {
  if (socket.writable)
    socket.write('HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n')
  socket.destroySoon()
}

function bearerOf({ headers }: IncomingMessage): string {
  return /^Bearer (\S+)$/i.exec(headers.authorization ?? '')?.[1] ?? ''
}

function unauthorised(): Answer {
  const detail =
    "expected the header 'Authorization: Bearer TOKEN', with the token in api-token in the run's folder"
  return problemAnswer(401, detail, { 'WWW-Authenticate': 'Bearer' })
}

function internalProblem(error: unknown): Answer {
  return problemAnswer(500, error instanceof Error ? error.message : String(error))
}

function questionOf({ method = 'GET', url = '/' }: IncomingMessage, body: string): Question | null {
  const parsed = URL.canParse(url, 'http://run') ? new URL(url, 'http://run') : null
  return parsed && { method, path: parsed.pathname, query: parsed.searchParams, body }
}

/** null: it is too long. */
async function bodyOf(request: IncomingMessage): Promise<string | null> {
  const chunks: Buffer[] = []
  let bytes = 0
  // Who sends too much is told so on the same connection.
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    bytes += (chunk as Buffer).length
    if (bytes > MOST_BODY_BYTES) return null
    chunks.push(chunk as Buffer)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function send(response: ServerResponse, { status, contentType, body, headers }: Answer, last: boolean): void {
  const bytes = Buffer.from(body)
  response.writeHead(status, {
    ...headers,
    'Content-Type': contentType,
    'Content-Length': bytes.length,
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
    ...(last ? { Connection: 'close' } : {}),
  })
  response.end(bytes)
}
