import { stat } from 'node:fs/promises'
import path from 'node:path'
import type { FilePath } from '../core/model.ts'
import { pathToBytes } from '../os/path-bytes.ts'

/** What stands for a part of an input file in a pattern: `{file}` is all of it, `{folder}` its folder, `{name}` its name without the extension. */
export const PLACEHOLDERS = ['file', 'folder', 'name'] as const

const PLACEHOLDER = /\{(file|folder|name)\}/g

/** Whether a pattern is about an input file. */
export function namesInput(pattern: string): boolean {
  return pattern.search(PLACEHOLDER) >= 0
}

/** What a pattern names for a file. */
export function expanded(pattern: string, file: FilePath): string {
  const parts = { file, folder: path.dirname(file), name: path.parse(file).name }
  return pattern.replaceAll(PLACEHOLDER, (_, part: keyof typeof parts) => parts[part])
}

/** The outputs of a work item, absolute, each once: for every file what the patterns make of it. */
export function outputsOf(
  patterns: readonly string[],
  files: readonly FilePath[],
  cwd: string,
): readonly FilePath[] {
  const names = patterns.flatMap(pattern =>
    namesInput(pattern) ? files.map(file => expanded(pattern, file)) : [pattern],
  )
  return [...new Set(names.map(name => path.resolve(cwd, name)))]
}

/**
 * As `make` sees it: all outputs are there, and none is older than an input. Work without inputs, or without outputs, is never
 * up to date.
 */
export async function areUpToDate(
  outputs: readonly FilePath[],
  inputs: readonly FilePath[],
): Promise<boolean> {
  if (outputs.length === 0 || inputs.length === 0) return false
  const written = await Promise.all(outputs.map(modifiedAt))
  if (written.includes(null)) return false
  const changed = await Promise.all(inputs.map(modifiedAt))
  return written.every(made => changed.every(at => made !== null && at !== null && made >= at))
}

/** Those that are not there. */
export async function missing(outputs: readonly FilePath[]): Promise<readonly FilePath[]> {
  const written = await Promise.all(outputs.map(modifiedAt))
  return outputs.filter((_, at) => written[at] === null)
}

async function modifiedAt(file: FilePath): Promise<bigint | null> {
  const stats = await stat(pathToBytes(file), { bigint: true }).catch(() => null)
  return stats?.mtimeNs ?? null
}
