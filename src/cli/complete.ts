import { readdir, stat } from 'node:fs/promises'
import { loadConfiguration } from '../config.ts'
import { readJournal } from '../journal/journal-reader.ts'
import { runNameProblem } from '../journal/run-name.ts'
import { runPaths, runsFolder } from '../journal/run-paths.ts'
import { print } from './print.ts'

export interface CompleteRequest {
  readonly what: string
  /** What stands on the command line. */
  readonly words: readonly string[]
  readonly cwd: string
  readonly environment: Readonly<Record<string, string | undefined>>
}

/** Tasks are defined at the start of a launch: nobody waits at a Tab for the rest of a large journal. */
const HEAD_BYTES = 1 << 20

/** Prints the names, a line each; nothing where there are none. */
export async function complete({ what, words, cwd, environment }: CompleteRequest): Promise<number> {
  const { configuration } = await loadConfiguration({ cwd, environment, flags: {}, file: null })
  const { odopPath } = configuration
  const runs = await runNames(odopPath)
  const names = isAboutTasks(what, words) ? await tasksOf(odopPath, runs, words) : runs
  print(names.map(name => `${name}\n`).join(''))
  return 0
}

/** `changes` are the words of `odop tasks ACTION`: a run, then the tasks that are to be removed from it. */
function isAboutTasks(what: string, words: readonly string[]): boolean {
  return what === 'tasks' || (what === 'changes' && words[0] === 'remove' && words.length > 1)
}

/** Of the run that is among the words, else of the newest. */
async function tasksOf(
  odopPath: string,
  runs: readonly string[],
  words: readonly string[],
): Promise<readonly string[]> {
  const run = words.find(word => runs.includes(word)) ?? (await newest(odopPath, runs))
  return run === null ? [] : taskNames(odopPath, run)
}

async function runNames(odopPath: string): Promise<readonly string[]> {
  const names = await readdir(runsFolder(odopPath)).catch(() => [])
  return names.filter(name => runNameProblem(name) === null).sort()
}

/** The one whose journal has grown last. */
async function newest(odopPath: string, runs: readonly string[]): Promise<string | null> {
  const changed = await Promise.all(
    runs.map(async run => {
      const at = await stat(runPaths(odopPath, run).journal).then(
        stats => stats.mtimeMs,
        () => 0,
      )
      return { run, at }
    }),
  )
  return changed.sort((a, b) => b.at - a.at)[0]?.run ?? null
}

async function taskNames(odopPath: string, run: string): Promise<readonly string[]> {
  const names = new Set<string>()
  await readJournal(
    runPaths(odopPath, run).journal,
    event => {
      if (event.type === 'task-defined') names.add(event.task.name)
    },
    { to: HEAD_BYTES },
  )
  return [...names].sort()
}
