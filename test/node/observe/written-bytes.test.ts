import { spawn, spawnSync } from 'node:child_process'
import { readFileSync, rmSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { WrittenBytes } from '../../../src/node/observe/written-bytes.ts'
import { readWrittenBytes } from '../../../src/os/proc.ts'
import { until } from '../../rig/rig.ts'

const MB = 1024 ** 2
// Where the repository is there are disks; a temporary folder may be memory.
const file = path.join(import.meta.dirname, `.written-${process.pid}`)
const counts = process.platform === 'linux' && countsHere()

function countsHere(): boolean {
  const before = readWrittenBytes(process.pid)
  spawnSync('dd', ['if=/dev/zero', `of=${file}`, 'bs=1M', 'count=1'], { stdio: 'ignore' })
  rmSync(file, { force: true })
  const after = readWrittenBytes(process.pid)
  return before !== null && after !== null && after > before
}

describe('what an attempt has written', () => {
  it.skipIf(!counts)(
    'counts what its processes wrote, also those that have ended (where the kernel counts)',
    async () => {
      const shell = spawn(
        'sh',
        [
          '-c',
          `read x; dd if=/dev/zero of=${file} bs=1M count=3; rm ${file}; echo done; read x; exec dd if=/dev/zero of=${file} bs=1M count=2`,
        ],
        {
          stdio: ['pipe', 'pipe', 'ignore'],
        },
      )
      onTestFinished(() => {
        shell.kill('SIGKILL')
        rmSync(file, { force: true })
      })
      const written = new WrittenBytes()
      const root = { attempt: 'a#1.1', pids: [shell.pid ?? 0] }
      written.began(root)
      expect(written.look(root)).toBe(0)
      let output = ''
      shell.stdout.on('data', data => {
        output += data
      })
      shell.stdin.write('\n')
      await until('the shell has written', () => output.includes('done'))
      const first = written.look(root) ?? 0
      expect(first).toBeGreaterThanOrEqual(3 * MB)
      expect(first).toBeLessThan(4 * MB)
      shell.stdin.write('\n')
      await until('it is a zombie, or gone', () => !isAlive(shell.pid ?? 0))
      expect(written.look(root) ?? first).toBeGreaterThanOrEqual(first)
    },
  )

  it('leaves out what the runner had written before, and never falls', () => {
    const bytes = new Map([[-1, 500]])
    const written = new WrittenBytes(pid => bytes.get(pid) ?? null)
    const root = { attempt: 'a#1.1', pids: [-1] }
    written.began(root)
    bytes.set(-1, 800)
    expect(written.look(root)).toBe(300)
    bytes.set(-1, 100)
    expect(written.look(root)).toBe(300)
    written.ended('a#1.1')
    bytes.set(-1, 900)
    written.began(root)
    bytes.set(-1, 910)
    expect(written.look(root)).toBe(10)
  })

  it('is not known where the kernel does not say', () => {
    const written = new WrittenBytes(() => null)
    expect(written.look({ attempt: 'a#1.1', pids: [-1] })).toBe(null)
  })
})

function isAlive(pid: number): boolean {
  try {
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'))
  } catch {
    return false
  }
}
