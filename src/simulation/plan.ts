import { cpuList } from '../config/cpu-list.ts'
import type { CoreId } from '../core/model.ts'
import { duration, durationOrZero, type Reader, wrong } from '../validation/readers.ts'

/** The words of the command line; null: not given. */
export interface SimulationWords {
  readonly cpus: string | null
  readonly busy: string | null
  readonly idle: string | null
  readonly cycles: string | null
  readonly time: string | null
  readonly level: string | null
  readonly files: string | null
}

/** A load that comes and goes. */
export interface SimulationPlan {
  readonly cores: readonly CoreId[]
  readonly busySeconds: number
  readonly idleSeconds: number
  /** null: until the time is over. */
  readonly cycles: number | null
  /** null: until the cycles are over. */
  readonly timeSeconds: number | null
  /** Share of a busy core that is used. */
  readonly level: number
  /** Folder of files, one for each cycle; null: none are written. */
  readonly files: string | null
}

const DEFAULT_SECONDS = 3
const DEFAULT_CYCLES = 10

/** @param allowed the cores of this process */
export function planSimulation(
  words: SimulationWords,
  allowed: readonly CoreId[],
): { readonly plan: SimulationPlan } | { readonly problems: readonly string[] } {
  const problems: string[] = []
  const read = <T>(name: keyof SimulationWords, reader: Reader<T>, otherwise: T): T => {
    const word = words[name]
    const result = word === null ? { value: otherwise } : reader(word)
    if ('value' in result) return result.value
    problems.push(`--${name}: ${result.message}`)
    return otherwise
  }
  const plan: SimulationPlan = {
    cores: read('cpus', coresOf(allowed), allowed),
    busySeconds: read('busy', duration, DEFAULT_SECONDS),
    idleSeconds: read('idle', durationOrZero, DEFAULT_SECONDS),
    cycles: read<number | null>('cycles', count, words.time === null ? DEFAULT_CYCLES : null),
    timeSeconds: read<number | null>('time', duration, null),
    level: read('level', share, 1),
    files: words.files,
  }
  if (words.cycles !== null && words.time !== null) problems.push('expected --cycles or --time, found both')
  return problems.length === 0 ? { plan } : { problems }
}

/** A number is how many, everything else a list: one core by its number is `3-3`. */
function coresOf(allowed: readonly CoreId[]): Reader<readonly CoreId[]> {
  const expected = `how many of the ${allowed.length} cores here, or a list such as 0-3,7`
  return raw => {
    const many = /^\d+$/.test(String(raw)) ? Number(raw) : null
    if (many !== null)
      return many >= 1 && many <= allowed.length ? { value: allowed.slice(0, many) } : wrong(expected, raw)
    const list = cpuList(raw)
    if (!('value' in list)) return wrong(expected, raw)
    const missing = list.value.filter(core => !allowed.includes(core))
    return missing.length === 0 && list.value.length > 0
      ? list
      : { message: `expected cores of ${allowed.join(',')}, found ${missing.join(',') || 'none'}`, fix: null }
  }
}

const count: Reader<number> = raw => {
  const value = Number(raw)
  return Number.isSafeInteger(value) && value >= 1 ? { value } : wrong('a whole number, at least 1', raw)
}

const share: Reader<number> = raw => {
  const percent = Number(/^(\d+(?:\.\d+)?)\s*%?$/.exec(String(raw))?.[1])
  return percent > 0 && percent <= 100
    ? { value: percent / 100 }
    : wrong('a percentage over 0 and up to 100', raw)
}
