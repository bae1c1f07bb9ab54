import { openSync, writeSync } from 'node:fs'
import os from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { WriteStream } from 'node:tty'
import { inForeground } from '../../app/terminal.ts'
import { runPaths } from '../../journal/run-paths.ts'
import { strip } from '../../views/dashboard/frame.ts'
import { FIRST_UI, type Ui } from '../../views/dashboard/ui.ts'
import { renderLines } from '../../views/lines.ts'
import { followRun } from './follow-run.ts'
import { drawLines, giveBackLines, regionHeight, retakeLines, takeLines } from './region.ts'
import { openSession } from './session.ts'

const POLL_MILLISECONDS = 500
/** The application may have erased what was drawn. */
const REDRAW_MILLISECONDS = 2000
const NOTHING_TO_DRAW_ON = 3
/** Nobody moves in it: the terminal's keys are the application's. */
const NO_FOCUS: Ui = { ...FIRST_UI, pane: 'nodes' }

/**
 * `odop run --dashboard`: draws below the application's output, in a process of its own, until its input ends: then the supervisor
 * wants it to end, or is gone. Exit code 3: there is nothing to draw on.
 */
async function main(odopPath: string, name: string): Promise<void> {
  const terminal = openTerminal()
  if (terminal === null || regionHeight(terminal.size().rows) === 0) process.exit(NOTHING_TO_DRAW_ON)
  beQuiet()
  const run = followRun(runPaths(odopPath, name))
  await run.poll(Date.now())
  const session = openSession(run, () => {})
  const colour = !process.env['NO_COLOR']
  let { columns, rows } = terminal.size()
  let height = 0
  let drawnAt = 0

  process.stdin.on('end', end).on('error', end).resume()
  process.on('SIGWINCH', () => {
    if (!mayDraw()) return
    measure()
    terminal.write(retakeLines(rows, height))
    draw()
  })
  // Ctrl-Z: while the shell has the terminal, it has all of it.
  process.on('SIGTSTP', () => {
    release()
    process.kill(process.pid, 'SIGSTOP')
  })

  for (;;) {
    const now = Date.now()
    const isNew = run.told.state.launch !== null && (await session.poll(now))
    if (run.told.state.launch === null) await run.poll(now)
    else if ((isNew || now - drawnAt >= REDRAW_MILLISECONDS) && mayDraw()) draw()
    await sleep(POLL_MILLISECONDS)
  }

  function draw() {
    if (terminal === null || run.told.state.launch === null) return
    drawnAt = Date.now()
    if (height === 0) {
      measure()
      if (height > 0) terminal.write(takeLines(rows, height))
    }
    if (height === 0) return
    const size = { width: columns, height }
    const lines = strip(session.scene(drawnAt), NO_FOCUS, size)
    while (lines.length < height) lines.push([])
    terminal.write(
      drawLines(renderLines(lines, { width: size.width, colour }).split('\n').slice(0, height), rows),
    )
  }

  function measure() {
    if (terminal === null) return
    const size = terminal.size()
    columns = size.columns
    rows = size.rows
    height = regionHeight(rows)
  }

  function release() {
    if (height > 0 && mayDraw()) terminal?.write(giveBackLines(rows, height))
    height = 0
  }

  /** Also from the background: the shell takes the terminal back at once when the supervisor was killed, with our lines still reserved. */
  function end() {
    if (height > 0) terminal?.write(giveBackLines(rows, height))
    process.exit(0)
  }
}

/** In the background the terminal is somebody else's. */
function mayDraw(): boolean {
  return process.platform !== 'linux' || inForeground()
}

interface TerminalSize {
  readonly columns: number
  readonly rows: number
}

interface Terminal {
  /** As it is now. */
  size(): TerminalSize
  /** In one write, which the kernel does not mix with others. */
  write(text: string): void
}

/** The controlling terminal, opened for ourselves: what this changes of its descriptor is not seen by the application. */
function openTerminal(): Terminal | null {
  try {
    const fd = openSync(TERMINAL, 'w')
    return { size: terminalSize, write: text => void writeSync(fd, text) }
  } catch {
    return null
  }
}

const TERMINAL = '/dev/tty'

/** A stream knows only the size that the terminal had when it was opened. */
function terminalSize(): TerminalSize {
  const stream = new WriteStream(openSync(TERMINAL, 'w'))
  const [columns, rows] = stream.getWindowSize()
  stream.destroy()
  return { columns, rows }
}

/** Signals of the terminal are meant for the application, and the cores too. */
function beQuiet(): void {
  for (const signal of ['SIGINT', 'SIGQUIT', 'SIGTERM', 'SIGHUP', 'SIGUSR1', 'SIGUSR2'] as const)
    process.on(signal, () => {})
  try {
    os.setPriority(19)
  } catch {
    // Then it is as important as others.
  }
  // The terminal is gone: there is nobody to draw for.
  process.on('uncaughtException', () => process.exit(1))
}

void main(process.argv[2] ?? '', process.argv[3] ?? '')
