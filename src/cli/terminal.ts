import { isatty } from 'node:tty'
import type { TextOptions } from '../views/lines.ts'

/** How wide and colourful stdout is. */
export function terminal(environment: Readonly<Record<string, string | undefined>>): TextOptions {
  if (!isatty(1)) return { width: 100, colour: false }
  const colour = !environment['NO_COLOR'] && environment['TERM'] !== 'dumb'
  return { width: process.stdout.columns ?? 100, colour }
}
