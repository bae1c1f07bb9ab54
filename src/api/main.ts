import { createHash, timingSafeEqual } from 'node:crypto'
import type { AddressInfo, Socket } from 'node:net'
import { runPaths } from '../journal/run-paths.ts'
import type { ApiProcessOptions, FromApi, ToApi } from './messages.ts'
import { answerQuestion } from './router.ts'
import { RunReader } from './run-reader.ts'
import { type ApiServer, createApiServer } from './server.ts'

/*
 * The process that answers HTTP for a run: it folds the run's journal as any other view does, so that what is asked here costs the
 * supervisor nothing. The end of its channel is its own end.
 */

let api: ApiServer | null = null

process.on('disconnect', end)
// A Ctrl-C of the terminal is the application's; this process ends with the supervisor.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const) process.on(signal, () => {})
process.on('message', (message: ToApi, connection?: unknown) => {
  if (message.type === 'begin') api = begin(message.options)
  // The client may have gone while its connection was on the way.
  else if (connection !== undefined) {
    api?.take(connection as Socket, Buffer.from(message.head, 'latin1'))
  }
})

function begin({ run, odopPath, tcp }: ApiProcessOptions): ApiServer {
  const paths = runPaths(odopPath, run)
  const reader = new RunReader(paths)
  const made = createApiServer({
    answer: question => answerQuestion(question, { name: run, run: reader, paths }),
    isToken: tcp === null ? null : given => isSame(given, tcp.token),
  })
  if (tcp !== null) listen(made, tcp)
  return made
}

function listen({ server }: ApiServer, { address }: NonNullable<ApiProcessOptions['tcp']>): void {
  server.once('error', error => tell({ type: 'failed', reason: error.message }))
  server.listen(address.port, address.host, () => {
    const { port } = server.address() as AddressInfo
    // What goes wrong later concerns one connection.
    server.on('error', () => {})
    tell({ type: 'listening', address: { ...address, port } })
  })
}

function tell(message: FromApi): void {
  if (process.connected) process.send?.(message, () => {})
}

/** Takes as long whatever is wrong: digests have one length. */
function isSame(given: string, token: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(given), digest(token))
}

function end(): void {
  process.exit(0)
}
