import { writeSync } from 'node:fs'
import { Writable } from 'node:stream'
import { render, useInput } from 'ink'
import { createElement } from 'react'
import type { Size } from '../../views/dashboard/scene.ts'
import type { Key } from '../../views/dashboard/ui.ts'
import { isInterrupt, keysOf } from './keys.ts'
import { newPainter } from './painter.ts'

export interface ScreenOptions {
  /** The lines of a frame: each at most as wide, and as many as there are rows. */
  readonly lines: (size: Size) => readonly string[]
  /** True: the user wants to leave. */
  readonly onKey: (key: Key, size: Size) => boolean
}

/** A whole terminal, as long as it is wanted. What was there before comes back, however this ends (but with SIGKILL). */
export interface Screen {
  /** Draws what has changed. */
  draw(): void
  /** Resolves with the exit code when the user has left, or a signal came. */
  readonly left: Promise<number>
}

/** The alternate buffer, without a cursor. */
const ENTER = '\x1b[?1049h\x1b[?25l'
const LEAVE = '\x1b[?25h\x1b[?1049l'
const SIGNALS = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 } as const

/**
 * Ink reads the keys. The frames are not drawn by it: it lays out and compares every character of a frame, which takes more than
 * a dashboard may cost that is open for days; here lines are compared.
 */
export function openScreen({ lines, onKey }: ScreenOptions): Screen {
  const { stdout } = process
  const painter = newPainter(text => stdout.write(text))
  const size = (): Size => ({ width: stdout.columns ?? 80, height: stdout.rows ?? 24 })
  const draw = () => painter.paint(lines(size()))
  let quit = (_code: number) => {}
  const asked = new Promise<number>(resolve => {
    quit = resolve
  })
  // Before anything is drawn: a signal that comes meanwhile must find somebody who gives the terminal back. They stay, because
  // ink ends the process at once by a signal for which it finds no listener but its own.
  for (const [signal, number] of Object.entries(SIGNALS)) process.on(signal, () => quit(128 + number))
  stdout.write(ENTER)
  const leave = onlyOnce(() => writeSync(1, LEAVE))
  process.once('exit', leave)
  painter.clear()
  draw()
  stdout.on('resize', () => {
    painter.clear()
    draw()
  })
  const press = (keys: readonly Key[]) => {
    if (keys.some(key => isInterrupt(key) || onKey(key, size()))) quit(0)
    else if (keys.length > 0) draw()
  }
  const keys = readKeys(press)
  void keys.ended.then(
    () => quit(0),
    () => quit(1),
  )
  const left = asked.then(code => {
    keys.close()
    leave()
    return code
  })
  return { draw, left }
}

/** `ended`: by Ctrl-C. */
function readKeys(press: (keys: readonly Key[]) => void): {
  readonly ended: Promise<unknown>
  close(): void
} {
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() })
  const instance = render(createElement(Keys, { press }), {
    // Nothing is drawn there.
    stdout: nowhere as unknown as NodeJS.WriteStream,
    patchConsole: false,
  })
  return { ended: instance.waitUntilExit(), close: () => instance.unmount() }
}

function Keys({ press }: { readonly press: (keys: readonly Key[]) => void }) {
  useInput((text, key) => press(keysOf(text, key)))
  return null
}

function onlyOnce(work: () => void): () => void {
  let done = false
  return () => {
    if (!done) work()
    done = true
  }
}
