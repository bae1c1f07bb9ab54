import { writeSync } from 'node:fs'
import { Box, type Key as InkKey, render, Text, useInput } from 'ink'
import { createElement, memo, useSyncExternalStore } from 'react'
import type { Size } from '../../views/dashboard/scene.ts'
import type { Key, KeyName } from '../../views/dashboard/ui.ts'

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

const ENTER = '\x1b[?1049h\x1b[H'
const LEAVE = '\x1b[?1049l'
const CLEAR = '\x1b[2J\x1b[H'
const SIGNALS = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 } as const

export function openScreen({ lines, onKey }: ScreenOptions): Screen {
  const { stdout } = process
  const store = newStore(lines(sizeNow()))
  const draw = () => store.show(lines(sizeNow()))
  stdout.write(ENTER)
  const leave = onlyOnce(() => writeSync(1, LEAVE))
  process.once('exit', leave)
  let quit = (_code: number) => {}
  const asked = new Promise<number>(resolve => {
    quit = resolve
  })
  const press = (key: Key) => {
    if (onKey(key, sizeNow())) quit(0)
    else draw()
  }
  // Ink redraws what has changed, line by line; of a frame as high as the terminal it would clear the screen each time.
  const instance = render(createElement(Frame, { store, press }), {
    patchConsole: false,
    incrementalRendering: true,
    maxFps: 10,
  })
  stdout.on('resize', () => {
    instance.clear()
    stdout.write(CLEAR)
    draw()
  })
  for (const [signal, number] of Object.entries(SIGNALS)) process.once(signal, () => quit(128 + number))
  void instance.waitUntilExit().then(
    () => quit(0),
    () => quit(1),
  )
  const left = asked.then(code => {
    instance.unmount()
    leave()
    return code
  })
  return { draw, left }
}

function sizeNow(): Size {
  const { columns = 80, rows = 24 } = process.stdout
  return { width: columns, height: Math.max(1, rows - 1) }
}

interface Store {
  readonly shown: () => readonly string[]
  show(lines: readonly string[]): void
  readonly subscribe: (listener: () => void) => () => void
}

function newStore(first: readonly string[]): Store {
  let shown = first
  const listeners = new Set<() => void>()
  return {
    shown: () => shown,
    show(lines) {
      if (lines.length === shown.length && lines.every((line, at) => line === shown[at])) return
      shown = lines
      for (const listener of listeners) listener()
    },
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}

function Frame({ store, press }: { readonly store: Store; readonly press: (key: Key) => void }) {
  const lines = useSyncExternalStore(store.subscribe, store.shown)
  useInput((text, key) => press(keyOf(text, key)))
  const rows = lines.map(text => createElement(Row, { text }))
  return createElement(Box, { flexDirection: 'column' }, ...rows)
}

/** Cut by Ink, should it take a character for wider than odop does. An empty line would have no height. */
const Row = memo(({ text }: { readonly text: string }) =>
  createElement(Text, { wrap: 'truncate' }, text === '' ? ' ' : text),
)

const NAMES: readonly (readonly [keyof InkKey, KeyName])[] = [
  ['upArrow', 'up'],
  ['downArrow', 'down'],
  ['pageUp', 'pageup'],
  ['pageDown', 'pagedown'],
  ['home', 'home'],
  ['end', 'end'],
  ['tab', 'tab'],
  ['return', 'enter'],
  ['escape', 'escape'],
  ['backspace', 'backspace'],
  // What terminals send for the key that is labelled backspace.
  ['delete', 'backspace'],
]

function keyOf(text: string, key: InkKey): Key {
  const name = NAMES.find(([flag]) => key[flag] === true)?.[1] ?? null
  return { name, text: name === null && !key.ctrl && !key.meta ? text : '' }
}

function onlyOnce(work: () => void): () => void {
  let done = false
  return () => {
    if (!done) work()
    done = true
  }
}
