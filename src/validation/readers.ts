import { parseDuration, parseSize } from '../core/units.ts'
import { describe } from './describe.ts'

/** A value as odop uses it, or what was expected in its place. */
export type Read<T> = { readonly value: T } | { readonly message: string; readonly fix: string | null }

/** Makes a value of what a user wrote; never throws. */
export type Reader<T> = (raw: unknown) => Read<T>

export function wrong(expected: string, found: unknown, fix: string | null = null) {
  return { message: `expected ${expected}, found ${describe(found)}`, fix }
}

/** Bytes. */
export const size: Reader<number> = raw => {
  if (typeof raw !== 'string' && typeof raw !== 'number') return wrong(A_SIZE, raw, "write it as '500M'")
  const bytes = parseSize(raw)
  if (typeof bytes !== 'number') return wrong(A_SIZE, raw)
  return bytes > 0 ? { value: bytes } : wrong(`${A_SIZE}, over 0`, raw)
}

/** Seconds, over 0. */
export const duration: Reader<number> = raw => durationFrom(raw, false)

/** Seconds, 0 included. */
export const durationOrZero: Reader<number> = raw => durationFrom(raw, true)

function durationFrom(raw: unknown, zeroToo: boolean): Read<number> {
  if (typeof raw !== 'string' && typeof raw !== 'number') return wrong(A_DURATION, raw, "write it as '10m'")
  const seconds = parseDuration(raw)
  if (typeof seconds !== 'number') return wrong(A_DURATION, raw)
  return seconds > 0 || (zeroToo && seconds === 0) ? { value: seconds } : wrong(`${A_DURATION}, over 0`, raw)
}

const A_SIZE = "a size such as '500M' or '2G'"
const A_DURATION = "a duration such as '90s', '10m' or '2h'"

export function wholeNumber(least: number, what = `a whole number, at least ${least}`): Reader<number> {
  return raw => {
    if (typeof raw === 'number' && Number.isSafeInteger(raw) && raw >= least) return { value: raw }
    const meant = typeof raw === 'string' && /^\d+$/.test(raw) ? `write ${raw} without quotes` : null
    return wrong(what, raw, meant)
  }
}

export const finiteNumber: Reader<number> = raw =>
  typeof raw === 'number' && Number.isFinite(raw) ? { value: raw } : wrong('a number', raw)

export const yesOrNo: Reader<boolean> = raw =>
  typeof raw === 'boolean' ? { value: raw } : wrong('true or false', raw)

export const text: Reader<string> = raw =>
  typeof raw === 'string' && raw !== '' && !raw.includes('\0') ? { value: raw } : wrong('a text', raw)

export function oneOf<const T extends string>(choices: readonly T[]): Reader<T> {
  return raw => {
    const value = choices.find(choice => choice === raw)
    return value === undefined ? wrong(choices.map(choice => `'${choice}'`).join(' or '), raw) : { value }
  }
}

/** A name that becomes the name of a folder. */
export const folderName: Reader<string> = raw => {
  const usable =
    typeof raw === 'string' &&
    /^[A-Za-z0-9._-]{1,100}$/.test(raw) &&
    raw !== '.' &&
    raw !== '..' &&
    raw[0] !== '-'
  return usable
    ? { value: raw }
    : wrong(
        "a name of at most 100 letters, digits, '.', '_' and '-', not '-' first",
        raw,
        'it becomes the name of a folder',
      )
}
