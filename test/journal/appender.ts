import { writeSync } from 'node:fs'
import { openJournal } from '../../src/journal/journal-writer.ts'
import { numbered } from './events.ts'

/** `appender.ts FILE FROM`: appends numbered events from FROM on, without end, and says each one that is on the disk. */
const [file = '', from = '1'] = process.argv.slice(2)
const journal = openJournal({ file, run: 'r', now: () => 0, warn: text => writeSync(2, `${text}\n`) })
for (let number = Number(from); ; number += 3) {
  for (const next of [number, number + 1, number + 2]) journal.append(numbered(next, next % 200))
  if (await journal.flush()) writeSync(1, `${number + 2}\n`)
}
