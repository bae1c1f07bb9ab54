import { execFileSync, spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import os from 'node:os'

/** What figures depend on besides odop. */
export function machine() {
  const status = git('status', '--porcelain', '--untracked-files=no')
  return {
    cores: os.availableParallelism(),
    coresOfTheMachine: os.cpus().length,
    threadsOfACore: threadsOfACore(),
    model: os.cpus()[0]?.model ?? null,
    virtual: /^flags\s*:.*\bhypervisor\b/m.test(textOf('/proc/cpuinfo') ?? ''),
    caches: caches(),
    governor: textOf('/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor'),
    memoryBytes: os.totalmem(),
    system: /^PRETTY_NAME="?([^"\n]*)/m.exec(textOf('/etc/os-release') ?? '')?.[1] ?? null,
    kernel: os.release(),
    autogroup: textOf('/proc/sys/kernel/sched_autogroup_enabled') === '1',
    node: process.version,
    tools: Object.fromEntries(TOOLS.map(tool => [tool, versionOf(tool)])),
    commit: git('rev-parse', '--short', 'HEAD'),
    changedSince: status === null ? null : status !== '',
  }
}

const TOOLS = ['cc', 'parallel', 'mpirun'] as const

/** The first lines that it says of itself; null: it is not there. */
function versionOf(tool: string): string | null {
  const { error, stdout } = spawnSync(tool, ['--version'], { encoding: 'utf8' })
  return error === undefined ? stdout.trim().split('\n').slice(0, 2).join(' ').replace(/\s+/g, ' ') : null
}

/** Level and size of the first core's caches, such as `L3 32768K`. */
function caches(): string[] {
  const folder = '/sys/devices/system/cpu/cpu0/cache'
  return namesIn(folder)
    .filter(name => name.startsWith('index'))
    .map(name => `L${textOf(`${folder}/${name}/level`)} ${textOf(`${folder}/${name}/size`)}`)
}

function threadsOfACore(): number | null {
  const siblings = textOf('/sys/devices/system/cpu/cpu0/topology/thread_siblings_list')
  return siblings === null ? null : coresIn(siblings).size
}

/** null: not a working copy, or no git. */
function git(...words: string[]): string | null {
  try {
    return execFileSync('git', words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()
  } catch {
    return null
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).sort()
  } catch {
    return []
  }
}

function textOf(file: string): string | null {
  try {
    return readFileSync(file, 'utf8').trim()
  } catch {
    return null
  }
}

/** CPU seconds that the cores of the bench have been busy or taken away by a hypervisor, whoever used them. */
export function busySeconds(): number {
  const allowed = allowedCores()
  return readFileSync('/proc/stat', 'utf8')
    .split('\n')
    .filter(line => allowed.has(Number(/^cpu(\d+)/.exec(line)?.[1] ?? -1)))
    .reduce((sum, line) => {
      const [user, nice, system, , , irq, softirq, steal] = line.split(/\s+/).slice(1).map(Number)
      return sum + add(user, nice, system, irq, softirq, steal) / TICKS_A_SECOND
    }, 0)
}

const TICKS_A_SECOND = 100

function add(...numbers: (number | undefined)[]): number {
  return numbers.reduce((sum: number, number) => sum + (number ?? 0), 0)
}

function allowedCores(): Set<number> {
  const list = /^Cpus_allowed_list:\s*(\S+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? ''
  return coresIn(list)
}

/** Of a list as the kernel writes it: `0-3,7`. */
export function coresIn(list: string): Set<number> {
  return new Set(
    list.split(',').flatMap(range => {
      const [first = 0, last = first] = range.split('-').map(Number)
      return Array.from({ length: last - first + 1 }, (_, n) => first + n)
    }),
  )
}

/** Processes that run or want to, averaged over the last minute. */
export function loadAverage(): number {
  return os.loadavg()[0] ?? 0
}
