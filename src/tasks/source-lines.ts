import { realpathSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

export interface SourcePlace {
  readonly file: string
  readonly line: number
}

/** The places in files that a stack names, innermost first; Node's own are left out. */
export function placesIn(stack: string): readonly SourcePlace[] {
  const frames = stack.matchAll(/(?:^|[\s(])((?:file:\/\/)?\/[^\n]*?):(\d+)(?::\d+)?(?=[):\s]|$)/gm)
  return [...frames].map(([, file = '', line]) => ({ file: pathOf(file), line: Number(line) }))
}

/** The innermost line of `file` that a stack names. */
export function lineIn(stack: string, file: string): number | null {
  const real = realPath(file)
  return placesIn(stack).find(place => place.file === file || place.file === real)?.line ?? null
}

/** The line where a parameter is given, at or below the line of the call; null: it was not found. */
export function lineOfKey(source: string, key: string, callLine: number): number | null {
  const written = new RegExp(`(?<![\\w$.])${escaped(key)}(?![\\w$])`)
  const lines = source.split('\n').slice(callLine - 1, callLine - 1 + LONGEST_CALL)
  const index = lines.findIndex(line => written.test(line))
  return index < 0 ? null : callLine + index
}

const LONGEST_CALL = 60

function pathOf(file: string): string {
  if (!file.startsWith('file:')) return file
  try {
    return fileURLToPath(new URL(file))
  } catch {
    return file
  }
}

function realPath(file: string): string {
  try {
    return realpathSync(file)
  } catch {
    return file
  }
}

function escaped(text: string): string {
  return text.replaceAll(/[$.*+?^(){}|[\]\\]/g, '\\$&')
}
