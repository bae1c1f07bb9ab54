import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import type { Readable, Writable } from 'node:stream'

/** Whether there is a browser to open a page with. */
export const chromium = ['chromium', 'chromium-browser'].find(name => {
  try {
    execFileSync(name, ['--version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
})

/** An answer, or the parameters of an event, of the DevTools protocol. */
export type Fields = Readonly<Record<string, unknown>>

/** A page in a headless browser, driven through the DevTools protocol over a pipe. */
export interface Page extends AsyncDisposable {
  send(method: string, parameters?: Fields): Promise<Fields>
  /** Events of the page so far, by method. */
  events(method: string): readonly Fields[]
  /** The value of an expression in the page. */
  evaluate<Value>(expression: string): Promise<Value>
  open(url: string): Promise<void>
  moveMouse(x: number, y: number): Promise<void>
  screenshot(full?: boolean): Promise<Buffer>
}

export interface PageSize {
  readonly width: number
  readonly height: number
}

export async function openPage({ width, height }: PageSize): Promise<Page> {
  const profile = mkdtempSync(path.join(os.tmpdir(), 'odop-chromium-'))
  const browser = spawn(
    chromium ?? '',
    [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--hide-scrollbars',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-dev-shm-usage',
      '--remote-debugging-pipe',
      `--user-data-dir=${profile}`,
      `--window-size=${width},${height}`,
    ],
    { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] },
  )
  const connection = connect(browser)
  const { targetId } = await connection.send('Target.createTarget', { url: 'about:blank' })
  const { sessionId } = await connection.send('Target.attachToTarget', { targetId, flatten: true })
  const send = (method: string, parameters: Fields = {}) =>
    connection.send(method, parameters, String(sessionId))
  for (const domain of ['Page', 'Runtime', 'Network', 'Log']) await send(`${domain}.enable`)
  await send('Emulation.setDeviceMetricsOverride', { width, height, deviceScaleFactor: 1, mobile: false })

  return {
    send,
    events: method => connection.events(method),
    async evaluate<Value>(expression: string) {
      const { result, exceptionDetails } = await send('Runtime.evaluate', {
        expression,
        returnByValue: true,
        awaitPromise: true,
      })
      if (exceptionDetails !== undefined) throw new Error(JSON.stringify(exceptionDetails))
      // What it is, is known to who wrote the expression.
      return (result as { value: Value }).value
    },
    async open(url) {
      const loaded = connection.once('Page.loadEventFired')
      await send('Page.navigate', { url })
      await loaded
    },
    async moveMouse(x, y) {
      await send('Input.dispatchMouseEvent', { type: 'mouseMoved', x, y })
    },
    async screenshot(full = false) {
      const { data } = await send('Page.captureScreenshot', { format: 'png', captureBeyondViewport: full })
      return Buffer.from(String(data), 'base64')
    },
    async [Symbol.asyncDispose]() {
      const ended = new Promise(resolve => browser.once('close', resolve))
      // Asked to end, it ends its own processes, which would otherwise still write to the profile.
      await connection.send('Browser.close').catch(() => {})
      await ended
      rmSync(profile, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 })
    },
  }
}

interface Connection {
  send(method: string, parameters?: Fields, sessionId?: string): Promise<Fields>
  once(method: string): Promise<Fields>
  events(method: string): readonly Fields[]
}

/** Messages are JSON, each ended by a zero byte. */
function connect(browser: ChildProcess): Connection {
  const [, , , input, output] = browser.stdio as unknown as [null, null, null, Writable, Readable]
  const waiting = new Map<number, { resolve: (result: Fields) => void; reject: (error: Error) => void }>()
  const listeners = new Map<string, ((parameters: Fields) => void)[]>()
  const told = new Map<string, Fields[]>()
  let lastId = 0
  let rest = ''

  output.setEncoding('utf8')
  output.on('data', (text: string) => {
    const messages = (rest + text).split('\0')
    rest = messages.pop() ?? ''
    for (const message of messages) take(JSON.parse(message))
  })
  browser.on('error', end)
  browser.on('close', () => end(new Error('the browser has ended')))

  function take(message: {
    id?: number
    method?: string
    params?: Fields
    result?: Fields
    error?: unknown
  }) {
    if (message.id !== undefined) {
      const asked = waiting.get(message.id)
      waiting.delete(message.id)
      if (message.error === undefined) asked?.resolve(message.result ?? {})
      else asked?.reject(new Error(JSON.stringify(message.error)))
      return
    }
    const { method = '', params = {} } = message
    told.set(method, [...(told.get(method) ?? []), params])
    for (const listener of listeners.get(method) ?? []) listener(params)
    listeners.delete(method)
  }

  function end(error: Error) {
    for (const { reject } of waiting.values()) reject(error)
    waiting.clear()
  }

  return {
    send(method, params = {}, sessionId) {
      const id = ++lastId
      const answer = new Promise<Fields>((resolve, reject) => waiting.set(id, { resolve, reject }))
      const session = sessionId === undefined ? {} : { sessionId }
      input.write(`${JSON.stringify({ id, method, params, ...session })}\0`)
      return answer
    },
    once: method =>
      new Promise(resolve => listeners.set(method, [...(listeners.get(method) ?? []), resolve])),
    events: method => told.get(method) ?? [],
  }
}
