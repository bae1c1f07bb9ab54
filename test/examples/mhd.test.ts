import { readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { lineSpectrum } from '../../examples/mhd/tasks/lib/spectrum.ts'
import { readArray } from '../../tasks/lib/npy.ts'
import { createRig } from '../rig/rig.ts'

const mhd = fileURLToPath(new URL('../../examples/mhd', import.meta.url))
const NAMES = ['mhd-000000', 'mhd-000002', 'mhd-000004']

test('odop reduces, analyses and renders what the MHD example writes', async () => {
  await using rig = createRig()
  const run = ['run', '--name', 'mhd', '--tasks', `${mhd}/tasks`, '--drain', '--', process.execPath]
  const application = [`${mhd}/mhd.js`, '--size', '16', '--steps', '4', '--every', '2']
  const { code, stderr } = await rig.odop([...run, ...application])
  expect(code, stderr).toBe(0)

  expect(rig.list('out/energies')).toEqual(NAMES.map(name => `${name}.json`))
  const [first, , last] = NAMES.map(name => JSON.parse(rig.read(`out/energies/${name}.json`)))
  // Means of the squares of its formulas: 1/2 (1 + 0.2²/2) + 1/2 + 0.2²/4, and 1/2 + 1/2 (1 + 0.2²/2) + 0.1²/2.
  expect(first.kinetic).toBeCloseTo((0.51 + 0.5 + 0.01) / 2, 10)
  expect(first.magnetic).toBeCloseTo((0.5 + 0.51 + 0.005) / 2, 10)
  expect(first.crossHelicity).toBeCloseTo(0.5 + 0.02 / 4, 10)
  expect(first.strongestField).toBeLessThan(1.6)
  // Decay.
  expect(last.kinetic / first.kinetic).toBeCloseTo(Math.exp(-2 * 0.1 * 0.04), 10)
  expect(last.magnetic / first.magnetic).toBeCloseTo(Math.exp(-2 * 0.05 * 0.04), 10)

  const spectrum = rig
    .read('out/spectra/mhd-000000.csv')
    .trim()
    .split('\n')
    .slice(1)
    .map(row => row.split(',').map(Number))
  expect(spectrum).toHaveLength(9)
  const sum = (column: number) => spectrum.reduce((all, row) => all + (row[column] ?? 0), 0)
  expect(sum(1)).toBeCloseTo(first.kinetic, 10)
  expect(sum(2)).toBeCloseTo(first.magnetic, 10)
  // sin 2x
  expect(spectrum[2]?.[2]).toBeCloseTo(0.51 / 2, 10)

  for (const axis of ['x', 'y', 'z']) {
    expect(rig.list(`out/slices-${axis}`)).toEqual(NAMES.map(name => `${name}.png`))
    const png = readFileSync(path.join(rig.folder, `out/slices-${axis}`, 'mhd-000000.png'))
    expect([png.subarray(1, 4).toString(), png.readUInt32BE(16), png.readUInt32BE(20)]).toEqual([
      'PNG',
      16,
      16,
    ])
  }
}, 120_000)

test('the MHD example writes fields without divergence', async () => {
  await using rig = createRig()
  await rig.start([process.execPath, `${mhd}/mhd.js`, '--size', '8', '--steps', '1']).finished
  const { shape, values } = await readArray(path.join(rig.folder, 'data', 'mhd-000000.npy'))
  expect(shape).toEqual([6, 8, 8, 8])
  const at = (component: number, ...point: number[]) =>
    values[point.reduce((index, each) => index * 8 + (each % 8), component)] ?? Number.NaN
  // Each component is the same all along its own direction.
  for (const [component, direction] of [
    [3, 2],
    [4, 1],
    [5, 0],
  ] as const) {
    const point = [1, 2, 3]
    const moved = point.map((each, axis) => (axis === direction ? each + 3 : each))
    expect(at(component, ...moved)).toBeCloseTo(at(component, ...point), 12)
  }
})

test('a spectrum finds the waves that a line is made of', () => {
  const size = 32
  const line = Float64Array.from({ length: size }, (_, i) => {
    const x = (2 * Math.PI * i) / size
    return 3 + 2 * Math.sin(5 * x) + Math.cos(16 * x)
  })
  const spectrum = lineSpectrum(line, size)
  const expected = Array.from({ length: 17 }, (_, k) => ({ 0: 9, 5: 2, 16: 1 })[k] ?? 0)
  for (const [k, power] of spectrum.entries()) expect(power).toBeCloseTo(expected[k] ?? 0, 10)
  expect(() => lineSpectrum(line, 24)).toThrow('a power of two')
})

test('the MHD example refuses what it does not understand', async () => {
  await using rig = createRig()
  const { code, stderr } = await rig.start([process.execPath, `${mhd}/mhd.js`, '--size', 'big']).finished
  expect([code, stderr]).toEqual([2, "mhd: --size expects a whole number from 1 up, got 'big'\n"])
})
