// Energies, cross helicity and the strongest magnetic field of each output: one small JSON file for gigabytes of fields.

import { writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { fileIn, task } from 'odop'
import { replaceFile } from '../../../tasks/lib/replace-file.ts'
import { type Fields, magnitudes, readFields, type VectorField } from './lib/fields.ts'

export default task(
  {
    name: 'energies',
    trigger: fileIn('data', { filter: 'mhd-*.npy' }),
    memory: '2G',
    time: '10m',
    priority: 10,
  },
  async ({ file, signal, log }) => {
    const energies = energiesOf(await readFields(file, signal))
    const result = join('out', 'energies', `${basename(file, '.npy')}.json`)
    await replaceFile(result, temporary => writeFile(temporary, `${JSON.stringify(energies)}\n`))
    log(`${basename(file)}: ${JSON.stringify(energies)}`)
  },
)

export interface Energies {
  /** Means over the cube, per volume. */
  readonly kinetic: number
  readonly magnetic: number
  readonly crossHelicity: number
  readonly strongestField: number
}

export function energiesOf({ velocity, magnetic }: Fields): Energies {
  return {
    kinetic: meanProduct(velocity, velocity) / 2,
    magnetic: meanProduct(magnetic, magnetic) / 2,
    crossHelicity: meanProduct(velocity, magnetic),
    strongestField: magnitudes(magnetic).reduce((most, value) => Math.max(most, value), 0),
  }
}

function meanProduct(one: VectorField, other: VectorField): number {
  const sums = one.map((values, at) =>
    values.reduce((sum, value, point) => sum + value * (other[at]?.[point] ?? 0), 0),
  )
  return sums.reduce((sum, part) => sum + part, 0) / one[0].length
}
