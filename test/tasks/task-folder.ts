import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { onTestFinished } from 'vitest'
import { type LoadOptions, loadTasks } from '../../src/tasks/load.ts'

/** A folder outside of the repository, with these files below it. */
export function temporaryFolder(files: Readonly<Record<string, string>> = {}): string {
  const folder = makeFolder(files)
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** The same, for who removes it. */
export function makeFolder(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'odop-test-'))
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true })
    writeFileSync(path.join(folder, name), content)
  }
  return folder
}

/** Loads `tasks/` of a folder with a real loader child. */
export function load(cwd: string, options: Partial<LoadOptions> = {}) {
  return loadTasks({ folders: ['tasks'], cwd, ...options })
}

/** Loads these files of a task folder. */
export function loadFiles(files: Readonly<Record<string, string>>, options: Partial<LoadOptions> = {}) {
  const inTasks = Object.entries(files).map(([name, content]) => [`tasks/${name}`, content])
  return load(temporaryFolder(Object.fromEntries(inTasks)), options)
}

export const GOOD = `import { task } from 'odop'\nexport default task({}, () => {})\n`
