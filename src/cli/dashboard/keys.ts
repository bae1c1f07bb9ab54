import type { Key as InkKey } from 'ink'
import type { Key, KeyName } from '../../views/dashboard/ui.ts'

/** What ink says of a piece of input, as far as it is used here. */
type Flags = Partial<Pick<InkKey, (typeof NAMES)[number][0] | 'ctrl' | 'meta'>>

const NAMES = [
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
] as const satisfies readonly (readonly [keyof InkKey, KeyName])[]

const CONTROLS: Readonly<Record<string, KeyName>> = {
  '\t': 'tab',
  '\r': 'enter',
  '\n': 'enter',
  '\b': 'backspace',
  '\x7f': 'backspace',
  '\x1b': 'escape',
}
const INTERRUPT = '\x03'

/** The keys of a piece of input: those that are pressed quickly, or come over a slow line, or are pasted, come together. */
export function keysOf(text: string, flags: Flags): readonly Key[] {
  const name = NAMES.find(([flag]) => flags[flag] === true)?.[1]
  if (name !== undefined) return [{ name, text: '' }]
  if (flags.ctrl === true) return []
  const keys = [...text].flatMap(keyOf)
  // No key is pressed together with Alt here: that is Escape and what came right behind it.
  return flags.meta === true ? [{ name: 'escape', text: '' }, ...keys] : keys
}

/** Ctrl-C among other keys, where ink does not see it. */
export function isInterrupt({ text }: Key): boolean {
  return text === INTERRUPT
}

function keyOf(character: string): readonly Key[] {
  const name = CONTROLS[character]
  if (name !== undefined) return [{ name, text: '' }]
  const isShown = character >= ' ' || character === INTERRUPT
  return isShown ? [{ name: null, text: character }] : []
}
