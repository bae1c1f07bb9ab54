/** Sizes and durations as users write them. Nothing here throws: what can't be read is an error value. */

export interface UnitError {
  /** What was expected and what was found, as a user should read it. */
  readonly error: string
}

const SIZE = /^(\d+(?:\.\d+)?|\.\d+)\s*([KMGTP]?)(?:i?B)?$/i
const SIZE_UNITS = ['', 'K', 'M', 'G', 'T', 'P']

/** Bytes of `500M`, `1.5G`, `10KiB`, `1024`; units are powers of 1024. A number is bytes already. */
export function parseSize(text: string | number): number | UnitError {
  const match = SIZE.exec(String(text).trim())
  const exponent = SIZE_UNITS.indexOf((match?.[2] ?? '').toUpperCase())
  const bytes = match === null ? Number.NaN : Math.round(Number(match[1]) * 1024 ** exponent)
  if (!Number.isSafeInteger(bytes)) return expected('a size such as 500M or 2G', text)
  return bytes
}

const UNIT_SECONDS: Readonly<Record<string, number>> = { ms: 0.001, s: 1, m: 60, min: 60, h: 3600, d: 86_400 }
const DURATION_PART = /(\d+(?:\.\d+)?|\.\d+)\s*(ms|s|min|m|h|d)\s*/gy
const CLOCK = /^(?:(\d+)-)?(\d+):([0-5]?\d)(?::([0-5]?\d))?$/
const DAYS_AND_HOURS = /^(\d+)-(\d+)$/

/**
 * Seconds of `90s`, `10m`, `1h30m`, `500ms`, `1d`, and of Slurm's `MM:SS`, `HH:MM:SS`, `D-HH`, `D-HH:MM`,
 * `D-HH:MM:SS`. A plain number is seconds.
 */
export function parseDuration(text: string | number): number | UnitError {
  const trimmed = String(text).trim()
  const seconds = plainSeconds(trimmed) ?? clockSeconds(trimmed) ?? unitSeconds(trimmed)
  if (seconds === null || !Number.isFinite(seconds))
    return expected('a duration such as 90s, 10m or 2h', text)
  return seconds
}

function plainSeconds(text: string): number | null {
  return /^(\d+(\.\d+)?|\.\d+)$/.test(text) ? Number(text) : null
}

function clockSeconds(text: string): number | null {
  const short = DAYS_AND_HOURS.exec(text)
  if (short !== null) return Number(short[1]) * 86_400 + Number(short[2]) * 3600
  const match = CLOCK.exec(text)
  if (match === null) return null
  const days = match[1]
  const [first, second, third] = [Number(match[2]), Number(match[3]), Number(match[4] ?? 0)]
  // Slurm: two fields are minutes and seconds, but hours and minutes behind a number of days.
  if (days === undefined && match[4] === undefined) return first * 60 + second
  return Number(days ?? 0) * 86_400 + first * 3600 + second * 60 + third
}

function unitSeconds(text: string): number | null {
  let seconds = 0
  let end = 0
  for (const part of text.matchAll(DURATION_PART)) {
    seconds += Number(part[1]) * (UNIT_SECONDS[part[2] ?? ''] ?? Number.NaN)
    end = part.index + part[0].length
  }
  return end > 0 && end === text.length ? seconds : null
}

function expected(what: string, got: string | number): UnitError {
  return { error: `expected ${what}, got ${JSON.stringify(String(got))}` }
}

/** `500M`, `1.5G`, `0B`: at most one decimal, powers of 1024. */
export function formatSize(bytes: number): string {
  let value = Math.abs(bytes)
  let unit = 0
  // 1023.95 would be written as 1024.0.
  while (value >= 1023.95 && unit < SIZE_UNITS.length - 1) {
    value /= 1024
    unit += 1
  }
  const digits = unit === 0 ? String(Math.round(value)) : withoutZeros(value.toFixed(1))
  return `${bytes < 0 ? '-' : ''}${digits}${SIZE_UNITS[unit] || 'B'}`
}

/** `0s`, `350ms`, `2.5s`, `90s` as `1m30s`, `2h`, `1d3h`: the two largest units that matter. */
export function formatDuration(seconds: number): string {
  if (seconds < 0) return `-${formatDuration(-seconds)}`
  if (seconds < 0.9995) return seconds < 0.0005 ? '0s' : `${Math.round(seconds * 1000)}ms`
  if (seconds < 9.95) return `${withoutZeros(seconds.toFixed(1))}s`
  return twoUnits(Math.round(seconds))
}

/** The time of day in UTC, `14:03:20`. @param at milliseconds since the epoch */
export function formatClock(at: number): string {
  return new Date(at).toISOString().slice(11, 19)
}

/** `until 14:03:20 UTC (45s)`. */
export function untilText(at: number, now: number): string {
  return `until ${formatClock(at)} UTC (${inText(at, now)})`
}

/** How long it is until then; never below zero. */
export function inText(at: number, now: number): string {
  return formatDuration(Math.max(0, at - now) / 1000)
}

function twoUnits(seconds: number): string {
  const minutes = Math.round(seconds / 60)
  if (seconds < 60) return `${seconds}s`
  if (seconds < 3600) return pair(Math.floor(seconds / 60), 'm', seconds % 60, 's')
  if (minutes < 24 * 60) return pair(Math.floor(minutes / 60), 'h', minutes % 60, 'm')
  const hours = Math.round(seconds / 3600)
  return pair(Math.floor(hours / 24), 'd', hours % 24, 'h')
}

function pair(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return `${large}${largeUnit}${small === 0 ? '' : `${small}${smallUnit}`}`
}

function withoutZeros(digits: string): string {
  return digits.replace(/\.0$/, '')
}
