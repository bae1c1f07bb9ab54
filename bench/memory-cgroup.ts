import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { sleep } from './measure.ts'

/** A memory cgroup of the bench's own. */
export interface LimitedCgroup {
  readonly version: 1 | 2
  /** The command, as one that enters the cgroup and then becomes it. */
  enter(command: readonly string[]): string[]
  /** Processes that the kernel has killed in it because memory had ended. */
  kernelKills(): number
  /** Ends what is left in it. */
  remove(): Promise<void>
}

/** Where memory cgroups of this process lie: the mount, and its own path below it. */
export interface MemoryHierarchy {
  readonly version: 1 | 2
  readonly mount: string
  readonly path: string
}

/** Creates a cgroup with a limit below the nearest one of this process that allows it. */
export function limitedCgroup(bytes: number): LimitedCgroup | { readonly missing: string } {
  const mounts = readFileSync('/proc/self/mounts', 'utf8')
  const hierarchies = memoryHierarchies(mounts, readFileSync('/proc/self/cgroup', 'utf8'))
  if (hierarchies.length === 0) return { missing: 'no memory cgroups are mounted' }
  let reason = ''
  for (const { version, folder } of hierarchies.flatMap(parentFolders)) {
    try {
      return opened(version, create(version, folder, bytes))
    } catch (error) {
      reason ||= error instanceof Error ? error.message : String(error)
    }
  }
  return { missing: `no memory cgroup could be made; that takes root, or a delegated cgroup: ${reason}` }
}

/** Version 1 comes first: where both are mounted, it has the memory. */
export function memoryHierarchies(mounts: string, ownCgroups: string): MemoryHierarchy[] {
  const own = (controllers: (text: string) => boolean) =>
    ownCgroups
      .split('\n')
      .map(line => /^\d+:([^:]*):(.*)$/.exec(line))
      .find(match => match !== null && controllers(match[1] ?? ''))?.[2]
  const mounted = (wanted: (type: string, options: string[]) => boolean) =>
    mounts
      .split('\n')
      .map(line => line.split(' '))
      .find(([, , type = '', options = '']) => wanted(type, options.split(',')))?.[1]
  const found = [
    {
      version: 1 as const,
      mount: mounted((type, options) => type === 'cgroup' && options.includes('memory')),
      path: own(controllers => controllers.split(',').includes('memory')),
    },
    {
      version: 2 as const,
      mount: mounted(type => type === 'cgroup2'),
      path: own(controllers => controllers === ''),
    },
  ]
  return found.flatMap(({ version, mount, path: below }) =>
    mount === undefined || below === undefined ? [] : [{ version, mount, path: below }],
  )
}

/** Its own cgroup and those above it; of version 2, one with processes can't have children with limits. */
function parentFolders({ version, mount, path: below }: MemoryHierarchy) {
  const folders: { version: 1 | 2; folder: string }[] = []
  for (let at = below; ; at = path.dirname(at)) {
    folders.push({ version, folder: path.join(mount, at) })
    if (at === '/' || at === '.') return folders
  }
}

const LIMIT = { 1: 'memory.limit_in_bytes', 2: 'memory.max' } as const
const LIMIT_WITH_SWAP = { 1: 'memory.memsw.limit_in_bytes', 2: 'memory.swap.max' } as const

function create(version: 1 | 2, parent: string, bytes: number): string {
  const folder = path.join(parent, `odop-bench-${process.pid}-${++created}`)
  mkdirSync(folder)
  try {
    writeFileSync(path.join(folder, LIMIT[version]), String(bytes))
    // No swap: a process over the limit would only get slow. Kernels without swap accounting have no such file.
    const withSwap = path.join(folder, LIMIT_WITH_SWAP[version])
    if (existsSync(withSwap)) writeFileSync(withSwap, version === 1 ? String(bytes) : '0')
    return folder
  } catch (error) {
    rmdirSync(folder)
    throw error
  }
}

let created = 0

function opened(version: 1 | 2, folder: string): LimitedCgroup {
  const processes = path.join(folder, 'cgroup.procs')
  return {
    version,
    enter: command => ['sh', '-c', 'echo $$ > "$0" && exec "$@"', processes, ...command],
    kernelKills: () => {
      const events = path.join(folder, version === 1 ? 'memory.oom_control' : 'memory.events')
      return Number(/^oom_kill (\d+)/m.exec(readFileSync(events, 'utf8'))?.[1] ?? 0)
    },
    remove: () => remove(folder, processes),
  }
}

/** A cgroup can be removed once its last process has been waited for. */
async function remove(folder: string, processes: string): Promise<void> {
  for (let attempt = 0; attempt < 50; attempt++) {
    for (const pid of readFileSync(processes, 'utf8').split('\n').filter(Boolean).map(Number)) {
      try {
        process.kill(pid, 'SIGKILL')
      } catch {
        // It is gone.
      }
    }
    try {
      return rmdirSync(folder)
    } catch {
      await sleep(100)
    }
  }
}
