// Least, mean and greatest value and standard deviation of each field: one small JSON file a field.
//
// ODOP_DATA   folder of the fields, *.npy (data)
// ODOP_OUT    results go to its folder statistics/ (out)

import { writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { fileIn, task } from 'odop'
import { readBlocks, readHeaderOf } from './lib/npy.ts'
import { replaceFile } from './lib/replace-file.ts'

const { ODOP_DATA = 'data', ODOP_OUT = 'out' } = process.env

export default task(
  {
    name: 'field-statistics',
    trigger: fileIn(ODOP_DATA, { filter: '*.npy' }),
    cpus: 1,
    memory: '500M',
    time: '10m',
    priority: 10,
  },
  async ({ file, signal, log }) => {
    const statistics = await measureField(file, signal)
    const result = join(ODOP_OUT, 'statistics', `${basename(file, '.npy')}.json`)
    await replaceFile(result, temporary => writeFile(temporary, `${JSON.stringify(statistics)}\n`))
    log(`${basename(file)}: ${statistics.min} to ${statistics.max}, mean ${statistics.mean}`)
  },
)

export interface FieldStatistics {
  readonly file: string
  readonly shape: readonly number[]
  /** Values that are numbers; the others are left out of what follows. */
  readonly count: number
  readonly notFinite: number
  /** The four are null when no value is finite. */
  readonly min: number | null
  readonly mean: number | null
  readonly max: number | null
  /** Of the whole field, not of a sample of it: the sum of squares is divided by `count`. */
  readonly std: number | null
}

/** Reads a field block by block, so it may be larger than the memory. */
export async function measureField(file: string, signal?: AbortSignal): Promise<FieldStatistics> {
  const { shape } = await readHeaderOf(file)
  const sums = { count: 0, notFinite: 0, min: Infinity, max: -Infinity, mean: 0, squares: 0 }
  for await (const block of readBlocks(file, { signal })) {
    for (const value of block) {
      if (!Number.isFinite(value)) {
        sums.notFinite++
        continue
      }
      sums.count++
      if (value < sums.min) sums.min = value
      if (value > sums.max) sums.max = value
      // Welford's way: the plain sum of squares loses all digits when the mean is large beside the deviation.
      const difference = value - sums.mean
      sums.mean += difference / sums.count
      sums.squares += difference * (value - sums.mean)
    }
  }
  const { count, notFinite, min, mean, max, squares } = sums
  const named = { file: basename(file), shape, count, notFinite }
  if (count === 0) return { ...named, min: null, mean: null, max: null, std: null }
  return { ...named, min, mean, max, std: Math.sqrt(squares / count) }
}
