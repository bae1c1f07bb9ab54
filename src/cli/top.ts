import { setTimeout as sleep } from 'node:timers/promises'
import { isatty } from 'node:tty'
import { loadConfiguration } from '../config.ts'
import { listRuns } from '../journal/list-runs.ts'
import { runPaths } from '../journal/run-paths.ts'
import { writeStderr } from '../os/stderr.ts'
import { type Line, renderLines } from '../views/lines.ts'
import { noSuchRunText } from '../views/runs-text.ts'
import { type FollowedRun, followRun } from './dashboard/follow-run.ts'
import { openSession, type Session } from './dashboard/session.ts'
import { print } from './print.ts'
import { terminal } from './terminal.ts'

export interface TopRequest {
  /** null: the newest. */
  readonly run: string | null
  readonly cwd: string
  readonly environment: NodeJS.ProcessEnv
}

const POLL_MILLISECONDS = 500
/** A frame that goes to a file. */
const FILE_LINES = 40

/** The dashboard until the user quits; one frame where there is no terminal. Exit code 1: there is no such run. */
export async function top({ run: name, cwd, environment }: TopRequest): Promise<number> {
  const { configuration } = await loadConfiguration({ cwd, environment, flags: {}, file: null })
  const { odopPath } = configuration
  const runs = await listRuns(odopPath, Date.now())
  const listed = name === null ? runs[0] : runs.find(each => each.name === name)
  if (listed === undefined) return problem(noSuchRunText(name, runs, odopPath))
  const run = followRun(runPaths(odopPath, listed.name))
  await run.poll(Date.now())
  if (run.told.state.launch === null) return problem(`the journal of ${listed.name} holds no launch`)
  return isatty(0) && isatty(1) ? watch(run, environment) : printFrame(run, environment)
}

function problem(text: string): number {
  writeStderr(`odop: ${text}\n`)
  return 1
}

async function printFrame(run: FollowedRun, environment: NodeJS.ProcessEnv): Promise<number> {
  const session = openSession(run, () => {})
  await session.poll(Date.now())
  const options = terminal(environment)
  const size = { width: options.width, height: FILE_LINES }
  print(renderLines(session.frame(size, Date.now()).slice(0, -1), options))
  return 0
}

async function watch(run: FollowedRun, environment: NodeJS.ProcessEnv): Promise<number> {
  // React's version for development keeps measurements for ever.
  environment['NODE_ENV'] = 'production'
  const { openScreen } = await import('./dashboard/screen.ts')
  const { colour } = terminal(environment)
  let draw = () => {}
  const session: Session = openSession(run, () => draw())
  await session.poll(Date.now())
  const screen = openScreen({
    lines: size => textLines(session.frame(size, Date.now()), size.width, colour),
    onKey: (key, size) => session.press(key, size, Date.now()),
  })
  draw = screen.draw
  let watching = true
  const polled = (async () => {
    while (watching) {
      await sleep(POLL_MILLISECONDS, undefined, { ref: false })
      if (watching && (await session.poll(Date.now()))) draw()
    }
  })()
  const code = await Promise.race([screen.left, polled.then(() => 0)])
  watching = false
  return code
}

function textLines(lines: readonly Line[], width: number, colour: boolean): string[] {
  return renderLines(lines, { width, colour }).split('\n').slice(0, lines.length)
}
