import { accessSync, constants, lstatSync, readdirSync, realpathSync, statSync } from 'node:fs'
import path from 'node:path'
import type { TaskProblem } from './loaded.ts'
import { isModule } from './module-names.ts'
import { distrust } from './trusted.ts'

export interface TaskFiles {
  /** Absolute, in the order of the folders and by name in each. */
  readonly files: readonly string[]
  readonly problems: readonly TaskProblem[]
}

export interface TaskFolders {
  /** Folders, or single modules; relative to `cwd`. */
  readonly folders: readonly string[]
  readonly cwd: string
  /** The folders are only the default: one that is not there is no problem. */
  readonly mayBeMissing: boolean
}

/**
 * The modules of the task folders that may be loaded. What is not a module (data, README, declarations, hidden files,
 * subfolders) is passed over; so is everything in a folder that others can write.
 */
export function findTaskFiles({ folders, cwd, mayBeMissing }: TaskFolders): TaskFiles {
  const files = new Set<string>()
  const problems: TaskProblem[] = []
  for (const place of folders.map(folder => path.resolve(cwd, folder))) {
    const found = lookInto(place, mayBeMissing)
    problems.push(...found.problems)
    for (const file of found.files) {
      const problem = problemWith(file)
      if (problem === null) files.add(file)
      else problems.push(problem)
    }
  }
  return { files: [...files], problems }
}

function lookInto(place: string, mayBeMissing: boolean): TaskFiles {
  try {
    if (!statSync(place).isDirectory()) return { files: [place], problems: [] }
    const refused = distrust(place)
    if (refused !== null) return { files: [], problems: [problem(place, refused.message, refused.fix)] }
    return { files: modulesIn(place), problems: [] }
  } catch (error) {
    if (mayBeMissing && codeOf(error) === 'ENOENT') return { files: [], problems: [] }
    return { files: [], problems: [unusable(place, error)] }
  }
}

function modulesIn(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter(entry => isModule(entry.name) && !entry.isDirectory())
    .map(entry => path.join(folder, entry.name))
    .filter(file => !isFolderOrDevice(file))
    .sort()
}

/** A link that leads nowhere is neither: it is reported. */
function isFolderOrDevice(file: string): boolean {
  try {
    return !statSync(file).isFile()
  } catch {
    return false
  }
}

function problemWith(file: string): TaskProblem | null {
  try {
    if (!isModule(path.basename(file)))
      return problem(file, 'expected a module (.ts, .js, .mts, .mjs, .cts, .cjs) or a folder', null)
    // A link may lead into a folder in which others could replace the file.
    const refused = distrust(file) ?? distrust(path.dirname(realpathSync(file)))
    if (refused !== null) return problem(file, refused.message, refused.fix)
    accessSync(file, constants.R_OK)
    return null
  } catch (error) {
    return unusable(file, error)
  }
}

function unusable(file: string, error: unknown): TaskProblem {
  switch (codeOf(error)) {
    case 'ENOENT':
      return isLink(file)
        ? problem(file, 'the link leads nowhere', 'remove the link, or bring back what it points to')
        : problem(
            file,
            'there is no such file or folder',
            'check --tasks, ODOP_TASKS and `tasks` in the configuration',
          )
    case 'EACCES':
      return problem(file, 'it can not be read (permission denied)', `chmod u+r ${file}`)
    default:
      return problem(
        file,
        `it can not be read (${error instanceof Error ? error.message : String(error)})`,
        null,
      )
  }
}

function isLink(file: string): boolean {
  return lstatSync(file, { throwIfNoEntry: false })?.isSymbolicLink() === true
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : null
}

function problem(file: string, message: string, fix: string | null): TaskProblem {
  return { file, line: null, field: null, message, fix }
}
