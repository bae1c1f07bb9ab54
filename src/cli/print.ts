import { writeSync } from 'node:fs'

/** Writes to stdout, whole, without process.stdout; a reader that has gone away is not an error. */
export function print(text: string): void {
  let rest = Buffer.from(text)
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(1, rest))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') return
    }
  }
}
