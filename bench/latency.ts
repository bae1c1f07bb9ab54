import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { ended, type Figure, inFolder, odop, quantile, start } from './measure.ts'

/**
 * Writes a file, notes when it was closed (monotonic clock, the same for all processes), and rests on an idle core. The pauses
 * vary from one file to the next, always alike, so that none of odop's own intervals falls in step with them.
 */
const APPLICATION = `
const fs = require('node:fs')
let n = 0
const write = () => {
  const file = 'data/' + n + '.bin'
  fs.writeFileSync(file, 'x'.repeat(10000))
  fs.appendFileSync('closed', n + ' ' + process.hrtime.bigint() + '\\n')
  if (++n < COUNT) setTimeout(write, 100 + ((n * 137) % 200))
  else setTimeout(() => {}, 1000)
}
setTimeout(write, 2500)`

const TASK = `import { appendFileSync } from 'node:fs'
import path from 'node:path'
import { fileIn, task } from 'odop'
export default task({ name: 'note', trigger: fileIn('data') }, ({ file }) => {
  const now = process.hrtime.bigint()
  appendFileSync('began', path.basename(file, '.bin') + ' ' + now + '\\n')
})
`

/** Pause between two files in the mean. */
export const PACE_SECONDS = 0.2

/** From a file's close() to the first line of the task function, on an idle core. */
export async function latencyFigures(count: number): Promise<Figure[]> {
  return inFolder(async folder => {
    mkdirSync(path.join(folder, 'tasks'))
    mkdirSync(path.join(folder, 'data'))
    writeFileSync(path.join(folder, 'tasks', 'note.js'), TASK)
    writeFileSync(path.join(folder, 'app.cjs'), APPLICATION.replace('COUNT', String(count)))
    await ended(start([odop, 'run', '--quiet', '--', process.execPath, 'app.cjs'], folder))
    const closed = fileTimes(path.join(folder, 'closed'))
    const began = fileTimes(path.join(folder, 'began'))
    const samples = [...began].flatMap(([n, at]) => {
      const from = closed.get(n)
      return from === undefined ? [] : [Number(at - from) / 1e6]
    })
    if (samples.length < count)
      throw new Error(
        `${count - samples.length} of ${readdirSync(path.join(folder, 'data')).length} files were not processed`,
      )
    return [
      { name: 'file closed → first line of the task function', unit: 'ms', samples, target: { atMost: 30 } },
      {
        name: 'the same, 99th percentile',
        unit: 'ms',
        samples: [quantile(samples, 0.99)],
        target: { atMost: 150 },
      },
    ]
  })
}

/** When something happened to the file of each number: lines of a number and nanoseconds of the monotonic clock. */
export function fileTimes(file: string): Map<string, bigint> {
  const lines = readFileSync(file, 'utf8').trim().split('\n')
  return new Map(
    lines.map(line => {
      const [n = '', at = '0'] = line.split(' ')
      return [n, BigInt(at)]
    }),
  )
}
