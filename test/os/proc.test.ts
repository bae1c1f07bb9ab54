import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { totalmem } from 'node:os'
import pidusage from 'pidusage'
import { describe, expect, it } from 'vitest'
import {
  childFinder,
  descendants,
  parseProcessStat,
  readCoreTicks,
  readMemoryInfo,
  readProc,
  readProcessStat,
  readProportionalBytes,
  readThreadCore,
  readThreads,
  readThreadTimes,
  TICKS_PER_SECOND,
} from '../../src/os/proc.ts'

const onLinux = describe.skipIf(process.platform !== 'linux')

/** Burns CPU time, says so, and then waits until its stdin is closed. */
const burner = (seconds: number) => [
  '-e',
  `while (process.cpuUsage().user < ${seconds * 1e6});
   console.log('burnt')
   process.stdin.resume().on('end', () => process.exit())`,
]

onLinux('reading /proc (Linux only)', () => {
  it('agrees with pidusage and ps on a process that burnt a known amount', async () => {
    const child = spawn(process.execPath, burner(0.6), { stdio: ['pipe', 'pipe', 'inherit'] })
    const pid = child.pid ?? 0
    await once(child.stdout, 'data')
    const stat = readProcessStat(pid)
    const usage = await pidusage(pid)
    const [psParent, psGroup, psSession, psThreads, psName] = execFileSync(
      'ps',
      ['-o', 'ppid=,pgid=,sid=,nlwp=,comm=', '-p', String(pid)],
      { encoding: 'utf8' },
    )
      .trim()
      .split(/\s+/)
    child.stdin.end()
    await once(child, 'close')

    expect(stat).not.toBeNull()
    const seconds = ((stat?.userTicks ?? 0) + (stat?.systemTicks ?? 0)) / TICKS_PER_SECOND
    expect(seconds).toBeGreaterThanOrEqual(0.58)
    expect(Math.abs(seconds - usage.ctime / 1000)).toBeLessThan(0.1)
    expect(Math.abs((stat?.residentBytes ?? 0) / usage.memory - 1)).toBeLessThan(0.1)
    expect([stat?.parent, stat?.group, stat?.session, stat?.threads].map(String)).toEqual([
      psParent,
      psGroup,
      psSession,
      psThreads,
    ])
    expect(stat?.name).toBe(psName)
    expect(readProcessStat(pid)).toBeNull()
  })

  it('reads a name with spaces, parentheses and a newline', () => {
    const stat = parseProcessStat(
      `77 (a) R 1 (b\n) S 5 6 7 0 -1 4194304 98 0 0 0 11 12 13 14 20 0 3 0 122759 3133440 2 ${'0 '.repeat(27)}`,
    )
    expect(stat).toMatchObject({ pid: 77, name: 'a) R 1 (b\n', state: 'S', parent: 5, group: 6, session: 7 })
    expect(stat).toMatchObject({ userTicks: 11, systemTicks: 12, childUserTicks: 13, childSystemTicks: 14 })
    expect(stat).toMatchObject({ threads: 3, startTicks: 122759 })
  })

  it('reads a real process that calls itself so', async () => {
    const script = 'printf "x) R 1 (y" > /proc/$$/comm && echo ready && read line'
    const child = spawn('sh', ['-c', script], { stdio: ['pipe', 'pipe', 'inherit'] })
    await once(child.stdout, 'data')
    const stat = readProcessStat(child.pid ?? 0)
    child.stdin.end('\n')
    expect(stat).toMatchObject({ name: 'x) R 1 (y', parent: process.pid, threads: 1 })
  })

  it('finds children and their children, with and without the list of the kernel', async () => {
    const child = spawn('sh', ['-c', "echo ready; sh -c 'cat; true'; true"], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    await once(child.stdout, 'data')
    const pid = child.pid ?? 0
    const deadline = Date.now() + 20_000
    while (descendants(pid).length < 2 && Date.now() < deadline) await new Promise(setImmediate)
    const listed = childFinder(true)(pid)
    const scanned = childFinder(false)(pid)
    child.stdin.end()
    expect(listed).toHaveLength(1)
    expect(scanned).toEqual(listed)
    expect(descendants(process.pid, childFinder(false))).toContain(listed[0])
  })

  it('sees every core, all threads, run delays and memory', () => {
    const cores = readCoreTicks()
    expect(cores.size).toBe(Number(execFileSync('getconf', ['_NPROCESSORS_ONLN'], { encoding: 'utf8' })))
    const [sum = ''] = (readProc('/proc/stat') ?? '').split('\n')
    const users = [...cores.values()].reduce((ticks, core) => ticks + core.user + core.nice, 0)
    const [, user, nice] = sum.split(/\s+/).map(Number)
    expect(Math.abs((user ?? 0) + (nice ?? 0) - users)).toBeLessThan(200)
    expect(readThreads(process.pid)).toContain(String(process.pid))
    const times = readThreadTimes(process.pid, process.pid)
    expect(times === null || (times.run > 1e6 && times.delay >= 0)).toBe(true)
    expect([...cores.keys()]).toContain(readThreadCore(process.pid, process.pid))
    const memory = readMemoryInfo()
    expect(memory?.totalBytes).toBe(totalmem())
    expect(memory?.availableBytes).toBeLessThanOrEqual(totalmem())
    expect(readProportionalBytes(process.pid)).toBeGreaterThan(1e6)
  })

  it('answers null for what is gone', () => {
    const gone = 2 ** 22 + 1
    expect(readProcessStat(gone)).toBeNull()
    expect(readThreads(gone)).toBeNull()
    expect(readThreadTimes(gone, gone)).toBeNull()
    expect(readThreadCore(gone, gone)).toBeNull()
    expect(readProportionalBytes(gone)).toBeNull()
    expect(childFinder()(gone)).toEqual([])
    expect(parseProcessStat('')).toBeNull()
  })
})
