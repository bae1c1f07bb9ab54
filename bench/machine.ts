import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import os from 'node:os'

/** What figures depend on besides odop. */
export function machine() {
  return {
    cores: os.availableParallelism(),
    model: os.cpus()[0]?.model,
    memoryBytes: os.totalmem(),
    kernel: os.release(),
    autogroup: textOf('/proc/sys/kernel/sched_autogroup_enabled') === '1',
    node: process.version,
    commit: execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim(),
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
  return new Set(
    list.split(',').flatMap(range => {
      const [first = 0, last = first] = range.split('-').map(Number)
      return Array.from({ length: last - first + 1 }, (_, n) => first + n)
    }),
  )
}
