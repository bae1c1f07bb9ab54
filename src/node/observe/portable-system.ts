import { execFile } from 'node:child_process'
import { cpus, freemem } from 'node:os'
import { promisify } from 'node:util'
import type { CoreId } from '../../core/model.ts'
import type { CoreTimes, ProcessLook, System } from './system.ts'

/**
 * For systems without `/proc` (a developer's macOS): `os.cpus()`, and processes from `ps` and pidusage. Those two are
 * programs to wait for, so looks see what was found last, at most some seconds ago. CPU time of processes that came and
 * went in between is lost, and threads, zombies and run delays are not known.
 */
export function portableSystem(supervisor: number): System {
  let processes: ReadonlyMap<number, ProcessLook> = new Map()
  let refreshing: Promise<void> | null = null
  let refreshedAt = Number.NEGATIVE_INFINITY

  const refreshIfOld = () => {
    if (refreshing || performance.now() - refreshedAt < REFRESH_MS) return
    refreshing = readProcesses(supervisor)
      .then(read => {
        processes = read
      })
      // Without `ps`, or when a process went away in the middle: what was known stays until the next try.
      .catch(() => {})
      .finally(() => {
        refreshing = null
        refreshedAt = performance.now()
      })
  }

  return {
    coreTimes: () => {
      refreshIfOld()
      return coreTimes()
    },
    process: pid => processes.get(pid) ?? null,
    startWalk: () => ({
      process: pid => processes.get(pid) ?? null,
      children: ({ pid }) =>
        [...processes.values()].filter(({ parent }) => parent === pid).map(child => child.pid),
      threadTimes: () => null,
    }),
    availableMemoryBytes: freemem,
    proportionalMemoryBytes: () => null,
    threadTimes: () => null,
    threadCore: () => null,
    allowedCores: () => null,
    cpuGroup: () => null,
    reap: () => {},
  }
}

const REFRESH_MS = 2_000

function coreTimes(): Map<CoreId, CoreTimes> {
  return new Map(
    cpus().map(({ times }, core) => [
      core,
      {
        busySeconds: (times.user + times.nice + times.sys + times.irq) / 1000,
        niceSeconds: times.nice / 1000,
        stolenSeconds: 0,
      },
    ]),
  )
}

async function readProcesses(supervisor: number): Promise<Map<number, ProcessLook>> {
  const { default: pidusage } = await import('pidusage')
  const pids = await descendantsByPs(supervisor)
  const found = Object.values(await pidusage([supervisor, ...pids]))
  const alive = found.filter(each => each !== null && each !== undefined)
  return new Map(alive.map(each => [each.pid, processLook(each)]))
}

function processLook(read: { pid: number; ppid: number; ctime: number; memory: number }): ProcessLook {
  return {
    pid: read.pid,
    parent: read.ppid,
    session: 0,
    zombie: false,
    startTicks: 0,
    selfSeconds: read.ctime / 1000,
    childSeconds: 0,
    threads: 1,
    memoryBytes: read.memory,
  }
}

async function descendantsByPs(root: number): Promise<number[]> {
  const running = promisify(execFile)('ps', ['-A', '-o', 'pid=,ppid='])
  const { stdout } = await running
  const children = new Map<number, number[]>()
  for (const line of stdout.split('\n')) {
    const [pid = 0, parent = 0] = line.trim().split(/\s+/).map(Number)
    // `ps` sees itself.
    if (pid !== 0 && pid !== running.child.pid) children.set(parent, [...(children.get(parent) ?? []), pid])
  }
  const found = [root]
  for (const pid of found) found.push(...(children.get(pid) ?? []))
  return found.slice(1)
}
