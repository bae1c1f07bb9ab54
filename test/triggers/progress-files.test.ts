import { appendFileSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { expect, test } from 'vitest'
import { watchProgress } from '../../src/triggers/progress-files.ts'

async function watched(glob: string, prepare: (folder: string) => void = () => {}) {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'odop-test-'))
  prepare(folder)
  const steps: number[] = []
  const warnings: string[] = []
  const files = watchProgress({
    glob: path.join(folder, glob),
    now: Date.now,
    stepped: at => steps.push(at),
    warn: text => warnings.push(text),
  })
  return {
    folder,
    steps,
    warnings,
    write: (name: string, content: string) => {
      mkdirSync(path.dirname(path.join(folder, name)), { recursive: true })
      appendFileSync(path.join(folder, name), content)
    },
    async until(count: number) {
      const deadline = Date.now() + 20_000
      while (steps.length < count && Date.now() < deadline) await new Promise(later => setTimeout(later, 10))
      return steps.length
    },
    async [Symbol.asyncDispose]() {
      await files.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

test('each file of the glob that is made or written to is a step, at its own time', async () => {
  await using seen = await watched('out/*.h5')
  const before = Date.now()
  seen.write('out/a.h5', 'x')
  expect(await seen.until(1)).toBe(1)
  seen.write('out/other.txt', 'x')
  seen.write('out/a.h5', 'y')
  expect(await seen.until(2)).toBe(2)
  seen.write('out/b.h5', 'y')
  expect(await seen.until(3)).toBe(3)
  for (const at of seen.steps) expect(at).toBeGreaterThan(before - 50)
  expect(seen.warnings).toEqual([])
})

test('a file that stays open for writing counts each time that it grows', async () => {
  await using seen = await watched('run.log')
  for (const count of [1, 2, 3]) {
    seen.write('run.log', 'step\n')
    expect(await seen.until(count)).toBe(count)
  }
})

test('what was there before is no step of this application', async () => {
  await using seen = await watched('**/*.h5', folder => {
    writeFileSync(path.join(folder, 'old.h5'), 'x')
    utimesSync(path.join(folder, 'old.h5'), 1e9, 1e9)
  })
  seen.write('deep/in/new.h5', 'x')
  expect(await seen.until(1)).toBe(1)
  expect(seen.steps).toHaveLength(1)
})
