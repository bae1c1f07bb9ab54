// Energy spectra along x: how much of the energy each wave number has. A CSV file for each output.

import { writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { fileIn, task } from 'odop'
import { replaceFile } from '../../../tasks/lib/replace-file.ts'
import { readFields, type VectorField } from './lib/fields.ts'
import { lineSpectrum } from './lib/spectrum.ts'

export default task(
  { name: 'spectra', trigger: fileIn('data', { filter: 'mhd-*.npy' }), memory: '2G', time: '10m' },
  async ({ file, signal }) => {
    const { size, velocity, magnetic } = await readFields(file, signal)
    const [kinetic, magneticEnergy] = [energySpectrum(velocity, size), energySpectrum(magnetic, size)]
    const rows = kinetic.map((energy, k) => `${k},${energy},${magneticEnergy[k]}\n`)
    const result = join('out', 'spectra', `${basename(file, '.npy')}.csv`)
    await replaceFile(result, temporary => writeFile(temporary, `k,kinetic,magnetic\n${rows.join('')}`))
  },
)

export function energySpectrum(field: VectorField, size: number): number[] {
  const [x, y, z] = field.map(component => lineSpectrum(component, size))
  return Array.from(x ?? [], (energy, k) => (energy + (y?.[k] ?? 0) + (z?.[k] ?? 0)) / 2)
}
