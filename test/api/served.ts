import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import type { AddressInfo } from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { answerQuestion } from '../../src/api/router.ts'
import { RunReader } from '../../src/api/run-reader.ts'
import { type ApiServer, createApiServer } from '../../src/api/server.ts'
import type { OdopEvent } from '../../src/core/events.ts'
import { runPaths } from '../../src/journal/run-paths.ts'

export const TOKEN = 'the-token'

/** The interface over a journal that a test writes, on a port of its own. */
export interface Served extends AsyncDisposable {
  readonly api: ApiServer
  readonly port: number
  readonly journal: string
  append(...events: readonly OdopEvent[]): void
  ask(path: string, options?: AskOptions): Promise<Reply>
}

export interface AskOptions {
  readonly method?: string
  readonly token?: string | null
  readonly body?: string
}

export interface Reply {
  readonly status: number
  readonly headers: Readonly<Record<string, unknown>>
  readonly text: string
  json(): unknown
}

export async function serve(...events: readonly OdopEvent[]): Promise<Served> {
  const odopPath = mkdtempSync(path.join(os.tmpdir(), 'odop-api-'))
  const paths = runPaths(odopPath, 'heat')
  mkdirSync(paths.folder, { recursive: true })
  writeFileSync(paths.journal, '{"schema":1,"journal":"odop","run":"heat"}\n')
  const append = (...more: readonly OdopEvent[]) =>
    writeFileSync(paths.journal, more.map(event => `${JSON.stringify(event)}\n`).join(''), { flag: 'a' })
  append(...events)
  const answering = { name: 'heat', run: new RunReader(paths), paths }
  const api = createApiServer({
    answer: question => answerQuestion(question, answering),
    isToken: given => given === TOKEN,
  })
  await new Promise<void>(resolve => api.server.listen(0, '127.0.0.1', resolve))
  const { port } = api.server.address() as AddressInfo
  return {
    api,
    port,
    journal: paths.journal,
    append,
    ask: (asked, options = {}) => ask({ port, host: '127.0.0.1' }, asked, { token: TOKEN, ...options }),
    async [Symbol.asyncDispose]() {
      api.server.closeAllConnections()
      await new Promise(resolve => api.server.close(resolve))
      rmSync(odopPath, { recursive: true, force: true })
    },
  }
}

/** Asks once, on a port or on a socket, on a connection of its own. */
export function ask(
  where: { readonly host: string; readonly port: number } | { readonly socketPath: string },
  asked: string,
  { method = 'GET', token = null, body }: AskOptions = {},
): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const headers = token === null ? {} : { authorization: `Bearer ${token}` }
    const sent = request({ ...where, path: asked, method, headers, agent: false }, response => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', more => {
        text += more
      })
      response.on('end', () => {
        const { statusCode: status = 0, headers } = response
        resolve({ status, headers, text, json: () => JSON.parse(text) })
      })
    })
    sent.on('error', reject)
    sent.end(body)
  })
}
