import { chmodSync, chownSync, mkdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { distrust } from '../../src/tasks/trusted.ts'
import { GOOD, load, temporaryFolder } from './task-folder.ts'

const isRoot = process.getuid?.() === 0

describe('a task file or folder that others can write is refused, with the reason', () => {
  it('a file for everybody', async () => {
    const cwd = temporaryFolder({ 'tasks/a.mjs': GOOD, 'tasks/b.mjs': GOOD })
    const file = path.join(cwd, 'tasks/a.mjs')
    chmodSync(file, 0o646)
    expect(await load(cwd)).toMatchObject({
      tasks: [{ name: 'b' }],
      problems: [
        { file, message: 'others can write it: it would run their code', fix: `chmod go-w ${file}` },
      ],
    })
  })

  it('a folder for everybody, with all that is in it', async () => {
    const cwd = temporaryFolder({
      'tasks/a.mjs': `import { writeFileSync } from 'node:fs'\nwriteFileSync('ran', '')`,
    })
    const folder = path.join(cwd, 'tasks')
    chmodSync(folder, 0o777)
    expect(await load(cwd)).toMatchObject({
      tasks: [],
      problems: [{ file: folder, fix: `chmod go-w ${folder}` }],
    })
    expect(() => readFileSync(path.join(cwd, 'ran'))).toThrow('ENOENT')
  })

  it('a folder above is not judged', async () => {
    const cwd = temporaryFolder({ 'tasks/a.mjs': GOOD })
    chmodSync(cwd, 0o777)
    expect(await load(cwd)).toMatchObject({ tasks: [{ name: 'a' }], problems: [] })
  })

  it('a folder in which others can only add files of their own (sticky) is not refused', () => {
    const folder = path.join(temporaryFolder(), 'shared')
    mkdirSync(folder)
    chmodSync(folder, 0o1777)
    expect(distrust(folder)).toBe(null)
  })

  it.runIf(isRoot)("a group's file, unless it is the private group of the user (needs root)", () => {
    const file = path.join(temporaryFolder({ a: '' }), 'a')
    chmodSync(file, 0o664)
    chownSync(file, 0, 0)
    expect(distrust(file)).toBe(null)
    chownSync(file, 0, 100)
    expect(distrust(file)?.message).toMatch(/^others \(members of group 100\) can write it/)
    chmodSync(file, 0o644)
    expect(distrust(file)).toBe(null)
  })

  it.runIf(isRoot)('the file of another user, whatever its mode (needs root)', () => {
    const file = path.join(temporaryFolder({ a: '' }), 'a')
    chownSync(file, 65534, 0)
    chmodSync(file, 0o600)
    expect(distrust(file)?.message).toMatch(/belongs to another user \(uid 65534\)/)
  })
})
