import { writeSync } from 'node:fs'

/**
 * The only way in which odop says anything: at once, and without `process.stderr`, because touching Node's own streams
 * changes the mode (O_NONBLOCK) of pipes and terminals that the application shares. What can't be written is dropped.
 */
export function writeStderr(text: string): void {
  const bytes = Buffer.from(text)
  try {
    for (let written = 0; written < bytes.length; ) written += writeSync(2, bytes, written)
  } catch {
    // A closed, full or stuck stderr is no reason to disturb the application, and there is nobody left to tell.
  }
}
