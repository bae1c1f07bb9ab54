import { readFileSync } from 'node:fs'

/** Whether a file can be a task module, by its name. */
export function isModule(name: string): boolean {
  return /\.[cm]?[jt]s$/.test(name) && !/\.d\.[cm]?ts$/.test(name) && !name.startsWith('.')
}

export function isTypeScript(file: string): boolean {
  return /\.[cm]?ts$/.test(file)
}

/** TypeScript, or JavaScript that imports it. */
export function needsTypeScript(file: string): boolean {
  return isTypeScript(file) || /['"][^'"\n]+\.[cm]?ts['"]/.test(sourceOf(file))
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
export function javaScriptFirst(files: readonly string[]): string[] {
  return [...files.filter(file => !needsTypeScript(file)), ...files.filter(needsTypeScript)]
}
