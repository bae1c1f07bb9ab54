import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface, type Interface } from 'node:readline'
import { pathToBytes } from '../../src/os/path-bytes.ts'

/** What the child runs: one command a line, answered when it is done. Paths are bytes, so that any name can be made. */
const PROGRAM = `
const fs = require('node:fs')
const p = hex => Buffer.from(hex, 'hex')
const does = {
  open: (path, flags) => fs.openSync(p(path), flags),
  write: (fd, text) => fs.writeSync(fd, text),
  close: fd => fs.closeSync(fd),
  put: (path, text) => fs.writeFileSync(p(path), text),
  rename: (from, to) => fs.renameSync(p(from), p(to)),
  mkdirAndPut: (folder, path, text) => { fs.mkdirSync(p(folder)); fs.writeFileSync(p(path), text) },
  putMany: (folder, count) => {
    for (let n = 0; n < count; n++) fs.writeFileSync(p(folder) + '/f' + n + '.bin', 'x')
  },
}
require('node:readline').createInterface({ input: process.stdin }).on('line', line => {
  const [what, ...values] = JSON.parse(line)
  console.log(JSON.stringify(does[what](...values) ?? null))
})
`

/** A process that writes files when the test says so, and answers when it has. */
export class Writer implements AsyncDisposable {
  readonly #child: ChildProcessWithoutNullStreams
  readonly #lines: Interface

  constructor() {
    this.#child = spawn(process.execPath, ['-e', PROGRAM])
    this.#lines = createInterface({ input: this.#child.stdout })
  }

  get pid(): number | undefined {
    return this.#child.pid
  }

  open(path: string, flags = 'w'): Promise<number> {
    return this.#tell('open', hex(path), flags) as Promise<number>
  }

  write(fd: number, text: string): Promise<unknown> {
    return this.#tell('write', fd, text)
  }

  closeFile(fd: number): Promise<unknown> {
    return this.#tell('close', fd)
  }

  put(path: string, text: string): Promise<unknown> {
    return this.#tell('put', hex(path), text)
  }

  rename(from: string, to: string): Promise<unknown> {
    return this.#tell('rename', hex(from), hex(to))
  }

  mkdirAndPut(folder: string, path: string, text: string): Promise<unknown> {
    return this.#tell('mkdirAndPut', hex(folder), hex(path), text)
  }

  putMany(folder: string, count: number): Promise<unknown> {
    return this.#tell('putMany', hex(folder), count)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.stdin.end()
    if (this.#child.exitCode === null) await once(this.#child, 'exit')
  }

  async #tell(...command: unknown[]): Promise<unknown> {
    const answer = once(this.#lines, 'line')
    this.#child.stdin.write(`${JSON.stringify(command)}\n`)
    return JSON.parse((await answer)[0])
  }
}

function hex(path: string): string {
  return Buffer.from(pathToBytes(path)).toString('hex')
}
