import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { readArray, readHeaderOf } from '../../tasks/lib/npy.ts'

const heat = fileURLToPath(new URL('../../examples/heat/heat.js', import.meta.url))
let folder: string

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'odop-heat-'))
})

afterEach(() => {
  rmSync(folder, { recursive: true })
})

function solve(options: Record<string, string | number>) {
  const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)])
  return spawnSync(process.execPath, [heat, '--out', path.join(folder, 'data'), ...args], {
    encoding: 'utf8',
  })
}

/** Greatest difference from the solution that is known for a sine: it decays with exp(-2 pi² t). */
async function errorOfSine(size: number, steps: number): Promise<number> {
  const { status } = solve({ scenario: 'sine', size, steps, every: steps })
  expect(status).toBe(0)
  const { values } = await readArray(path.join(folder, 'data', `heat-${String(steps).padStart(6, '0')}.npy`))
  const time = steps * 0.2 * (1 / (size - 1)) ** 2
  const exact = (row: number, column: number) =>
    Math.sin((Math.PI * row) / (size - 1)) *
    Math.sin((Math.PI * column) / (size - 1)) *
    Math.exp(-2 * Math.PI ** 2 * time)
  return values.reduce(
    (worst, value, i) => Math.max(worst, Math.abs(value - exact(Math.floor(i / size), i % size))),
    0,
  )
}

function fieldsAsWritten(): Record<string, string> {
  const data = path.join(folder, 'data')
  const names = readdirSync(data).sort()
  return Object.fromEntries(
    names.map(name => [
      name,
      createHash('sha256')
        .update(readFileSync(path.join(data, name)))
        .digest('hex'),
    ]),
  )
}

describe('the heat solver', () => {
  test('comes four times closer to the known solution with half the spacing', async () => {
    const [coarse, middle, fine] = [
      await errorOfSine(9, 8),
      await errorOfSine(17, 32),
      await errorOfSine(33, 128),
    ]
    expect(coarse).toBeLessThan(0.02)
    expect(coarse / middle).toBeGreaterThan(3.5)
    expect(coarse / middle).toBeLessThan(4.5)
    expect(middle / fine).toBeGreaterThan(3.5)
    expect(middle / fine).toBeLessThan(4.5)
  })

  test('writes the same fields with one worker and with three', () => {
    expect(solve({ size: 40, steps: 100, every: 30, workers: 1 }).status).toBe(0)
    const alone = fieldsAsWritten()
    expect(solve({ size: 40, steps: 100, every: 30, workers: 3 }).status).toBe(0)
    expect(fieldsAsWritten()).toEqual(alone)
    expect(Object.keys(alone)).toEqual(
      [0, 30, 60, 90, 100].map(step => `heat-${String(step).padStart(6, '0')}.npy`),
    )
  })

  test('writes NumPy arrays whose values begin at a multiple of 64 bytes', async () => {
    solve({ size: 20, steps: 0 })
    const header = await readHeaderOf(path.join(folder, 'data', 'heat-000000.npy'))
    expect(header).toEqual({ elementType: '<f8', fortranOrder: false, shape: [20, 20], dataOffset: 128 })
  })

  test('says each field, and at the end what it did', () => {
    const { stdout } = solve({ size: 20, steps: 10, every: 5 })
    expect(stdout).toMatch(
      /^step +5 {2}time 2\.77\d+e-3 {2}residual \d\.\d{3}e\+\d {2}max 100\.000 .* heat-000005\.npy$/m,
    )
    expect(stdout.trimEnd().split('\n').at(-1)).toMatch(/^heat: done, 10 steps and 3 fields in \d+\.\d\d s$/)
  })

  test.each([
    [{ size: 2 }, "--size expects a whole number from 3 up, got '2'"],
    [{ steps: 'many' }, "--steps expects a whole number from 0 up, got 'many'"],
    [{ scenario: 'moon' }, "--scenario expects one of plate, sine, got 'moon'"],
    [{ sise: 3 }, "Unknown option '--sise'"],
  ])('refuses %j with exit code 2', (options, message) => {
    const { status, stderr } = solve(options)
    expect(status).toBe(2)
    expect(stderr).toContain(message)
  })

  test('fails when a field cannot be written', () => {
    mkdirSync(path.join(folder, 'data', 'heat-000001.npy'), { recursive: true })
    const { status, stderr, stdout } = solve({ size: 10, steps: 2, every: 1, workers: 2 })
    expect(status).toBe(1)
    expect(stderr).toContain('heat: worker 0: EISDIR')
    expect(stdout).not.toContain('done')
    expect(readdirSync(path.join(folder, 'data'))).toEqual(['heat-000000.npy', 'heat-000001.npy'])
  })
})
