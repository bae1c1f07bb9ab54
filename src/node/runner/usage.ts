import { openSync, readSync, writeSync } from 'node:fs'
import type { AttemptUsage } from '../../core/model.ts'
import { parseProcessStat, TICKS_PER_SECOND } from '../../os/proc.ts'

interface RunnerUsage extends AttemptUsage {
  /** Since the start of this process. */
  readonly runnerCpuSeconds: number
}

/** What this process and the children for which it has waited have used; asked twice in every attempt, so files stay open. */
export class Usage {
  readonly #stat = openQuietly('/proc/self/stat', 'r')
  readonly #status = openQuietly('/proc/self/status', 'r')
  readonly #clearRefs = openQuietly('/proc/self/clear_refs', 'w')
  readonly #buffer = Buffer.alloc(BUFFER_BYTES)
  #startedAt = 0
  /** At the end of the attempt before: between attempts nothing happens that would be worth a look. */
  #cpuSecondsBefore = this.#cpuSeconds()

  begin(): void {
    this.#forgetPeak()
    this.#startedAt = performance.now()
  }

  end(): RunnerUsage {
    const runnerCpuSeconds = this.#cpuSeconds()
    const cpuSeconds = runnerCpuSeconds - this.#cpuSecondsBefore
    this.#cpuSecondsBefore = runnerCpuSeconds
    return {
      wallSeconds: (performance.now() - this.#startedAt) / 1000,
      cpuSeconds,
      runnerCpuSeconds,
      peakMemoryBytes: this.#peakMemoryBytes(),
    }
  }

  #cpuSeconds(): number {
    const { user, system } = process.cpuUsage()
    const stat = parseProcessStat(this.#read(this.#stat))
    const waitedTicks = stat === null ? 0 : stat.childUserTicks + stat.childSystemTicks
    return (user + system) / 1e6 + waitedTicks / TICKS_PER_SECOND
  }

  /** Only of this process; what children take is seen from outside. */
  #peakMemoryBytes(): number {
    const kibibytes = /^VmHWM:\s+(\d+) kB$/m.exec(this.#read(this.#status))?.[1]
    return kibibytes === undefined ? process.memoryUsage.rss() : Number(kibibytes) * 1024
  }

  /** Writing 5 there sets the peak back to what is resident now: else it would be that of an earlier attempt. */
  #forgetPeak(): void {
    try {
      if (this.#clearRefs !== null) writeSync(this.#clearRefs, '5')
    } catch {
      // A kernel without it: the peak is that of the runner.
    }
  }

  #read(file: number | null): string {
    if (file === null) return ''
    try {
      return this.#buffer.toString('latin1', 0, readSync(file, this.#buffer, 0, BUFFER_BYTES, 0))
    } catch {
      return ''
    }
  }
}

const BUFFER_BYTES = 8192

function openQuietly(file: string, mode: 'r' | 'w'): number | null {
  try {
    return openSync(file, mode)
  } catch {
    return null
  }
}
