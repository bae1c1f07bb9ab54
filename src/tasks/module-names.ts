import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'

/** Whether a file can be a task module, by its name. */
export function isModule(name: string): boolean {
  return /\.[cm]?[jt]s$/.test(name) && !/\.d\.[cm]?ts$/.test(name) && !name.startsWith('.')
}

export function isTypeScript(file: string): boolean {
  return /\.[cm]?ts$/.test(file)
}

/** TypeScript, or JavaScript that imports it. */
export function needsTypeScript(file: string): boolean {
  return isTypeScript(file) || importsTypeScript(sourceOf(file))
}

function importsTypeScript(source: string): boolean {
  return /['"][^'"\n]+\.[cm]?ts['"]/.test(source)
}

/** Empty when it can't be read: who loads it will say so. */
function sourceOf(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}

/** The order in which modules are loaded: once TypeScript is understood, Node loads JavaScript in another way than before. */
export async function javaScriptFirst(files: readonly string[]): Promise<string[]> {
  const sources = await Promise.all(files.map(file => readFile(file, 'utf8').catch(() => '')))
  const typed = new Set(
    files.filter((file, at) => isTypeScript(file) || importsTypeScript(sources[at] ?? '')),
  )
  return [...files.filter(file => !typed.has(file)), ...typed]
}
