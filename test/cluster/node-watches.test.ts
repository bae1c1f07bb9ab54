import { mkdtemp, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { type Channel, openChannel } from '../../src/cluster/channel.ts'
import type { FoundFiles, FromAgent, Watch } from '../../src/cluster/messages.ts'
import { NodeWatches } from '../../src/cluster/node-watches.ts'
import { RemoteAgent } from '../../src/cluster/remote-agent.ts'
import { version } from '../../src/version.ts'
import { SETTINGS, task } from '../core/fixtures.ts'

let folder = ''

beforeEach(async () => {
  folder = await realpath(await mkdtemp(path.join(tmpdir(), 'odop-watches-')))
})

afterEach(() => rm(folder, { recursive: true, force: true }))

function watchOf(batchSize = 4): Watch {
  const trigger = { kind: 'file-in', folder: '.', filter: null, recursive: false, flush: 'end' } as const
  return {
    task: task({ trigger: { ...trigger, batchSize, settleSeconds: 0.1, on: 'each-node' } }),
    cwd: folder,
  }
}

const write = (name: string) => writeFile(path.join(folder, name), name)
const names = (found: readonly FoundFiles[]) =>
  found.flatMap(({ files }) => files.map(file => path.basename(file))).sort()

describe('what an agent watches', () => {
  test('each complete file is told of once, before the answer to the flush that waits for it', async () => {
    const told: FromAgent[] = []
    const watches = new NodeWatches(message => told.push(message))
    await Promise.all(['a', 'b', 'c'].map(write))
    watches.watch(watchOf())
    await watches.flush(7)
    const found = told.flatMap(message => (message.type === 'fired' ? [message.found] : []))
    expect(names(found)).toEqual(['a', 'b', 'c'])
    expect(told.at(-1)).toEqual({ type: 'flushed', id: 7 })
    const before = told.length
    await watches.flush(8)
    expect(told.slice(before)).toEqual([{ type: 'flushed', id: 8 }])
    await watches.close()
  })

  test('a folder with many files does not make a message for each of them', async () => {
    const told: FromAgent[] = []
    const watches = new NodeWatches(message => told.push(message))
    const many = Array.from({ length: 1200 }, (_, index) => `f${index}`)
    await Promise.all(many.map(write))
    watches.watch(watchOf(1))
    await watches.flush(1)
    const found = told.flatMap(message => (message.type === 'fired' ? [message.found] : []))
    expect(names(found)).toEqual(many.sort())
    expect(found.length).toBeLessThan(120)
    await watches.close()
  })
})

/** The supervisor's part of an agent that is a process of its own on this machine, as if it were another node. */
class Other implements AsyncDisposable {
  readonly found: FoundFiles[] = []
  readonly warnings: string[] = []
  readonly agent: RemoteAgent
  readonly ended: Promise<void>
  readonly #channel: Channel
  pid = 0

  constructor() {
    let end = () => {}
    this.ended = new Promise(resolve => {
      end = resolve
    })
    this.#channel = openChannel({
      planned: {
        command: [process.execPath, path.resolve('dist/agent.cjs')],
        environment: { ...process.env, ODOP_NODE_NAME: 'n2' },
        nodes: [{ name: 'n2', memoryBytes: null }],
      },
      started: null,
      onStarted: pid => {
        this.pid = pid
      },
      onMessage: (_, message) => this.agent.receive(message),
      onEnd: why => {
        this.agent.gone(why)
        end()
      },
    })
    this.agent = new RemoteAgent({
      node: 'n2',
      version: version(),
      launchedAt: Date.now(),
      begin: {
        settings: SETTINGS,
        environment: process.env,
        excludeCores: [],
        reserveCores: 0,
        memoryReserveBytes: 0,
        memoryReserveShare: 0,
        memoryBytes: null,
        jobs: [],
      },
      send: message => this.#channel.send('n2', message),
      onJoined: () => {},
      onReport: () => {},
      onFound: (node, found) => {
        expect(node).toBe('n2')
        this.found.push(found)
      },
      onWarning: text => this.warnings.push(text),
      onSignal: () => {},
      now: () => Date.now(),
    })
  }

  opened(): Promise<unknown> {
    return vi.waitFor(() => expect(this.agent.isOpen, this.warnings.join()).toBe(true), { timeout: 30_000 })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.agent.close()
    this.#channel.close()
    await this.ended
  }
}

describe('an agent that is a process of its own', () => {
  test('is told what to watch before it has begun, and tells of files that were there and that appear', async () => {
    await write('before')
    await using other = new Other()
    other.agent.watch(watchOf())
    // Nothing waits for one that has not begun.
    await other.agent.flush()
    expect(other.found).toEqual([])
    await other.opened()
    await vi.waitFor(() => expect(names(other.found)).toEqual(['before']), { timeout: 30_000 })
    await write('after')
    await other.agent.flush()
    expect(names(other.found)).toEqual(['after', 'before'])
    expect(other.warnings).toEqual([])
  })

  test('one that is killed keeps nobody waiting for its last look', async () => {
    await using other = new Other()
    await other.opened()
    other.agent.watch(watchOf())
    process.kill(other.pid, 'SIGSTOP')
    const flushed = other.agent.flush()
    process.kill(other.pid, 'SIGKILL')
    await flushed
    await other.agent.flush()
    await vi.waitFor(() => expect(other.warnings.join()).toContain('the agent on n2 is lost'), {
      timeout: 30_000,
    })
  })
})
