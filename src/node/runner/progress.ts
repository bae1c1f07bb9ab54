import { open, stat } from 'node:fs/promises'

/** How far an attempt says that it is: a share, and a text that goes with it. */
export interface Progress {
  readonly fraction: number
  readonly text: string | null
}

/** An attempt that is over by then never tells: thousands of small ones would tell of nothing else. */
const FIRST_MILLISECONDS = 1000
const EVERY_MILLISECONDS = 500
const MOST_TEXT = 200

/** Tells at most twice a second; of what comes in between the last. What makes no sense is no progress. */
export class ProgressTeller {
  readonly #tell: (progress: Progress) => void
  #notBefore = performance.now() + FIRST_MILLISECONDS
  #latest: Progress | null = null
  #timer: NodeJS.Timeout | null = null

  constructor(tell: (progress: Progress) => void) {
    this.#tell = tell
  }

  report(fraction: unknown, text?: unknown): void {
    if (typeof fraction !== 'number' || !Number.isFinite(fraction)) return
    this.#latest = { fraction: Math.min(1, Math.max(0, fraction)), text: textOf(text) }
    // A function that computes without a pause lets no timer fire.
    const delay = this.#notBefore - performance.now()
    if (delay <= 0) this.#tellLatest()
    else this.#timer ??= setTimeout(() => this.#tellLatest(), delay).unref()
  }

  close(): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#latest = null
  }

  #tellLatest(): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
    if (this.#latest === null) return
    this.#notBefore = performance.now() + EVERY_MILLISECONDS
    this.#tell(this.#latest)
    this.#latest = null
  }
}

function textOf(text: unknown): string | null {
  if (text === undefined || text === null) return null
  const line = String(text).trim().split('\n')[0] ?? ''
  return line === '' ? null : line.slice(0, MOST_TEXT)
}

/** Of the last line that says `0.4 slice 12`, `40% slice 12` or the same behind the word ODOP_PROGRESS; null: none does. */
export function progressIn(content: string): Progress | null {
  for (const line of content.split('\n').toReversed()) {
    const match = /^(?:ODOP_PROGRESS\s+)?(\d*\.?\d+(?:e-?\d+)?)(%?)(?:\s+(.*))?$/i.exec(line.trim())
    if (match === null) continue
    const [, number, percent, text] = match
    return { fraction: Number(number) / (percent === '%' ? 100 : 1), text: text ?? null }
  }
  return null
}

const LOOK_MILLISECONDS = 1000
const TAIL_BYTES = 4096

/** Looks now and then into the file in which a command says how far it is. Returns what ends that. */
export function watchProgressFile(file: string, report: (progress: Progress) => void): () => void {
  let seen = ''
  let looking = false
  const look = async () => {
    const { mtimeMs, size } = await stat(file)
    if (`${mtimeMs}/${size}` === seen) return
    seen = `${mtimeMs}/${size}`
    const progress = progressIn(await tailOf(file, size))
    if (progress !== null) report(progress)
  }
  const timer = setInterval(() => {
    if (looking) return
    looking = true
    // Most commands write none.
    look()
      .catch(() => {})
      .finally(() => {
        looking = false
      })
  }, LOOK_MILLISECONDS).unref()
  return () => clearInterval(timer)
}

async function tailOf(file: string, size: number): Promise<string> {
  const handle = await open(file, 'r')
  try {
    const { buffer, bytesRead } = await handle.read({
      buffer: Buffer.alloc(TAIL_BYTES),
      position: Math.max(0, size - TAIL_BYTES),
    })
    return buffer.toString('utf8', 0, bytesRead)
  } finally {
    await handle.close()
  }
}
