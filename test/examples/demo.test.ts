import { spawnSync } from 'node:child_process'
import { appendFileSync, rmSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, test } from 'vitest'

const heat = fileURLToPath(new URL('../../examples/heat/', import.meta.url))
let folder: string | undefined

afterAll(() => {
  if (folder !== undefined) rmSync(folder, { recursive: true })
})

function node(script: string, ...args: readonly string[]) {
  return spawnSync(process.execPath, [script, ...args], { cwd: heat, encoding: 'utf8' })
}

describe('the demo', () => {
  test('ends with every field reduced, rendered and archived, and would say if one were not', () => {
    const demo = node('demo.js', '--size', '64', '--steps', '400', '--every', '100')
    const made = /^\$ cd (.+)$/m.exec(demo.stdout)?.[1] ?? ''
    folder = path.join(heat, made)
    expect(demo.stdout).toContain('heat: done, 400 steps and 5 fields')
    expect(demo.stdout).toContain('All 5 fields were reduced, rendered and archived.')
    expect(demo.status).toBe(0)

    rmSync(path.join(folder, 'out', 'pictures', 'heat-000100.png'))
    appendFileSync(path.join(folder, 'out', 'archive', 'heat-000200.npy.gz'), 'x')
    const check = node('check-results.js', made)
    expect(check.stdout).toMatch(
      /^5 of 5 fields reduced .*\n4 of 5 fields rendered .*\n4 of 5 fields archived and verified /,
    )
    expect(check.stdout).toContain('heat-000100.png')
    expect(check.stdout).toContain('heat-000200.npy.gz: another checksum')
    expect(check.status).toBe(1)
  })
})
