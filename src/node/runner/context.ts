import { mkdirSync, rmSync, symlinkSync } from 'node:fs'
import path from 'node:path'
import type { FilePath } from '../../core/model.ts'
import { pathToBytes } from '../../os/path-bytes.ts'
import type { AnyContext } from '../../tasks/task.ts'
import type { AttemptSpec } from '../agent.ts'

/** The attempt's scratch folder: made when it is first asked for, since small attempts never do. */
export class Scratch {
  readonly #folder: string
  #made = false

  constructor(folder: string) {
    this.#folder = folder
  }

  get folder(): string {
    if (!this.#made) mkdirSync(this.#folder, { recursive: true, mode: 0o700 })
    this.#made = true
    return this.#folder
  }

  remove(): void {
    if (!this.#made) return
    try {
      rmSync(this.#folder, { recursive: true, force: true })
    } catch {
      // What can't be removed stays in the temporary folder.
    }
  }
}

export interface ContextOptions {
  readonly scratch: Scratch
  readonly signal: AbortSignal
  readonly log: (text: string) => void
  /** Default: 0. */
  readonly rank?: number
}

/** What the task's function or command builder is given. */
export function createContext(spec: AttemptSpec, options: ContextOptions): AnyContext {
  const { scratch, signal, log, rank = 0 } = options
  const ranks = spec.task.mpi?.ranks ?? 1
  const files = spec.files.map((file, index) => nodePath(file, index, scratch)) as [string, ...string[]]
  return {
    file: files[0],
    files,
    ...(spec.result === undefined ? {} : { result: spec.result }),
    signal,
    log: text => log(String(text)),
    task: spec.task.name,
    attempt: spec.number,
    run: spec.run.name,
    node: spec.node,
    cores: spec.cores,
    gpus: spec.gpus?.map(({ index }) => index) ?? [],
    rank,
    ranks,
    get checkpoint() {
      return checkpointOf(spec) ?? scratch.folder
    },
    parameters: spec.task.parameters ?? {},
    get scratch() {
      return scratch.folder
    },
  }
}

/** Made when it is first asked for; null: the task keeps none. */
export function checkpointOf({ checkpoint }: AttemptSpec): string | null {
  if (checkpoint === undefined) return null
  mkdirSync(checkpoint.folder, { recursive: true, mode: 0o700 })
  return checkpoint.file === null ? checkpoint.folder : path.join(checkpoint.folder, checkpoint.file)
}

/** Neither Node's texts nor a program's arguments can carry a name that is not UTF-8: a link to it can. */
function nodePath(file: FilePath, index: number, scratch: Scratch): string {
  const bytes = pathToBytes(file)
  if (typeof bytes === 'string') return file
  const extension = /\.\w+$/.exec(file)?.[0] ?? ''
  const link = path.join(scratch.folder, `input-${index + 1}${extension}`)
  symlinkSync(bytes, link)
  return link
}
