import { constants, type Stats } from 'node:fs'
import { access, lstat, open, readdir, realpath, stat } from 'node:fs/promises'
import path from 'node:path'
import { HEAD_BYTES, type ScriptHead, scriptHead } from './directives/head.ts'
import type { IgnoredFile, TaskProblem } from './loaded.ts'
import { isModule } from './module-names.ts'
import { askDistrust, shellQuoted } from './trusted.ts'

export interface TaskFiles {
  /** Absolute, in the order of the folders and by name in each. */
  readonly files: readonly string[]
  /** Those of them that are scripts with directives; the others are modules. */
  readonly scripts: ReadonlySet<string>
  readonly problems: readonly TaskProblem[]
  readonly ignored: readonly IgnoredFile[]
}

export interface TaskFolders {
  /** Folders, or single files; relative to `cwd`. */
  readonly folders: readonly string[]
  readonly cwd: string
  /** Single files besides them, also absolute. */
  readonly files?: readonly string[]
  /** The folders are only the default: one that is not there is no problem. */
  readonly mayBeMissing: boolean
}

/** What a file of a task folder is to odop; `nothing`: data, a README, declarations, a hidden file, a subfolder. */
type Judged =
  | { readonly kind: 'module' | 'script' | 'nothing' }
  | { readonly kind: 'problem'; readonly problem: TaskProblem }
  | { readonly kind: 'ignored'; readonly reason: string }

/**
 * The modules and scripts of the task folders that may be used. What is neither is passed over; so is everything in a
 * folder that others can write. Nothing here waits for a file system in the supervisor's thread.
 */
export async function findTaskFiles({
  folders,
  cwd,
  files: named = [],
  mayBeMissing,
}: TaskFolders): Promise<TaskFiles> {
  const files = new Set<string>()
  const scripts = new Set<string>()
  const problems: TaskProblem[] = []
  const ignored: IgnoredFile[] = []
  const places = [
    ...folders.map(folder => [folder, mayBeMissing] as const),
    ...named.map(file => [file, false] as const),
  ]
  for (const [place, missing] of places) {
    const found = await lookInto(path.resolve(cwd, place), missing)
    problems.push(...found.problems)
    for (const file of found.files) {
      const judged = await judge(file, found.isNamed)
      if (judged.kind === 'problem') problems.push(judged.problem)
      if (judged.kind === 'ignored') ignored.push({ file, reason: judged.reason })
      if (judged.kind === 'module' || judged.kind === 'script') files.add(file)
      if (judged.kind === 'script') scripts.add(file)
    }
  }
  return { files: [...files], scripts, problems, ignored }
}

interface Found {
  readonly files: readonly string[]
  /** The user has named the file itself. */
  readonly isNamed: boolean
  readonly problems: readonly TaskProblem[]
}

async function lookInto(place: string, mayBeMissing: boolean): Promise<Found> {
  const nothing = { files: [], isNamed: false, problems: [] }
  try {
    if (!(await stat(place)).isDirectory()) return { files: [place], isNamed: true, problems: [] }
    const refused = await askDistrust(place)
    if (refused !== null) return { ...nothing, problems: [problem(place, refused.message, refused.fix)] }
    return { ...nothing, files: await candidatesIn(place) }
  } catch (error) {
    if (mayBeMissing && codeOf(error) === 'ENOENT') return nothing
    return { ...nothing, problems: [await unusable(place, error)] }
  }
}

/** Hidden files are nobody's tasks, nor are an editor's copies: `reduce.py~` is as executable as `reduce.py`. */
async function candidatesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true })
  return entries
    .filter(entry => !entry.isDirectory() && !/^[.#]|~$/.test(entry.name))
    .map(entry => path.join(folder, entry.name))
    .sort()
}

async function judge(file: string, isNamed: boolean): Promise<Judged> {
  const mayBeModule = isModule(path.basename(file))
  try {
    const stats = await stat(file)
    // A pipe would have to be waited for.
    if (!stats.isFile()) return { kind: 'nothing' }
    const head = await headOf(file)
    if (head.directives.length > 0) return await usable(file, 'script', notExecutable(file, stats, head))
    if (mayBeModule) return await usable(file, 'module', null)
    if (isNamed) return { kind: 'problem', problem: noTaskFile(file, head) }
    if (head.late !== null) return { kind: 'problem', problem: lateDirectives(file, head) }
    return isExecutable(stats) ? { kind: 'ignored', reason: NO_DIRECTIVES } : { kind: 'nothing' }
  } catch (error) {
    if (mayBeModule || isNamed) return { kind: 'problem', problem: await unusable(file, error) }
    return { kind: 'ignored', reason: (await unusable(file, error)).message }
  }
}

const NO_DIRECTIVES = 'it is executable, but has no #ODOP lines'

/** A link may lead into a folder in which others could replace the file. */
async function usable(file: string, kind: 'module' | 'script', wrong: TaskProblem | null): Promise<Judged> {
  const refused = (await askDistrust(file)) ?? (await askDistrust(path.dirname(await realpath(file))))
  if (refused !== null) return { kind: 'problem', problem: problem(file, refused.message, refused.fix) }
  if (wrong !== null) return { kind: 'problem', problem: wrong }
  await access(file, constants.R_OK)
  const runs = kind === 'module' || (await access(file, constants.X_OK).then(yes, no))
  return runs ? { kind } : { kind: 'problem', problem: problem(file, CANNOT_RUN, null) }
}

const yes = () => true
const no = () => false

const CANNOT_RUN =
  'it can not be executed here (permission denied, or its file system is mounted with noexec)'

async function headOf(file: string): Promise<ScriptHead> {
  const opened = await open(file, constants.O_RDONLY | constants.O_NONBLOCK)
  try {
    const { bytesRead, buffer } = await opened.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0)
    return scriptHead(buffer.subarray(0, bytesRead))
  } finally {
    await opened.close()
  }
}

function isExecutable({ mode }: Stats): boolean {
  return (mode & 0o111) !== 0
}

function notExecutable(file: string, stats: Stats, { directives }: ScriptHead): TaskProblem | null {
  if (isExecutable(stats)) return null
  const line = directives[0]?.line ?? null
  const message = 'it has #ODOP lines, but is not executable'
  return { ...problem(file, message, `chmod +x ${shellQuoted(file)}`), line }
}

function lateDirectives(file: string, { late, end }: ScriptHead): TaskProblem {
  const message = `this directive is not read: line ${end} is a command, and only comments before it count`
  return { ...problem(file, message, 'move it up, or write ##ODOP to switch it off'), line: late }
}

function noTaskFile(file: string, head: ScriptHead): TaskProblem {
  if (head.late !== null) return lateDirectives(file, head)
  const message =
    'expected a module (.ts, .js, .mts, .mjs, .cts, .cjs), a script with #ODOP lines, or a folder'
  return problem(file, message, null)
}

async function unusable(file: string, error: unknown): Promise<TaskProblem> {
  switch (codeOf(error)) {
    case 'ENOENT':
      return (await isLink(file))
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

function isLink(file: string): Promise<boolean> {
  return lstat(file).then(
    stats => stats.isSymbolicLink(),
    () => false,
  )
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : null
}

function problem(file: string, message: string, fix: string | null): TaskProblem {
  return { file, line: null, field: null, message, fix }
}
