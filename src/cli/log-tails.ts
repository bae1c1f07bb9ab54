import { open } from 'node:fs/promises'
import { chosenTails } from '../views/report/page/chosen-attempts.ts'
import type { LogTail } from '../views/report/page/tables.ts'
import type { LoggedAttempt } from '../views/report/run-log.ts'

const TAIL_BYTES = 2048

/** How the logs end of the attempts that are most worth looking at; a log that can't be read has none. */
export async function readTails(
  attempts: readonly LoggedAttempt[],
  fileOf: (attempt: LoggedAttempt) => string,
): Promise<LogTail[]> {
  const tails: LogTail[] = []
  for (const attempt of chosenTails(attempts)) {
    const tail = await readTail(fileOf(attempt)).catch(() => null)
    if (tail !== null && tail.text.trim() !== '') tails.push({ attempt, ...tail })
  }
  return tails
}

/** From the start of a line on, where there is more than one. */
async function readTail(file: string): Promise<{ text: string; isCut: boolean }> {
  const handle = await open(file, 'r')
  try {
    const { size } = await handle.stat()
    const from = Math.max(0, size - TAIL_BYTES)
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(TAIL_BYTES), 0, TAIL_BYTES, from)
    const text = buffer.toString('utf8', 0, bytesRead)
    const line = from === 0 ? 0 : text.indexOf('\n') + 1
    return { text: text.slice(line).trimEnd(), isCut: from > 0 }
  } finally {
    await handle.close()
  }
}
