import { readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

/** The folder of a run that holds modules which were made of tasks that a program has added. */
export const ADDED_TASKS = 'added-tasks'

/** The beginning of such a module. */
export function addedBy(programFile: string): string {
  return `// '${pathToFileURL(programFile).href}'`
}

/** The URL of the program's file from which a module was made; null: this is no such module. */
export function programOf(moduleUrl: string): string | null {
  const known = programs.get(moduleUrl)
  if (known !== undefined) return known
  const program = readProgram(moduleUrl)
  programs.set(moduleUrl, program)
  return program
}

const programs = new Map<string, string | null>()

function readProgram(moduleUrl: string): string | null {
  try {
    const file = fileURLToPath(moduleUrl)
    if (path.basename(path.dirname(file)) !== ADDED_TASKS) return null
    return /^\/\/ '(file:[^'\n]+)'/.exec(readFileSync(file, 'utf8'))?.[1] ?? null
  } catch {
    return null
  }
}
