/** A share as a percentage; anything is not shown as nothing. */
export function percentText(share: number): string {
  if (share > 0 && share < 0.005) return '<1%'
  return `${Math.round(share * 100)}%`
}

/** `36.2 of 40.1 core-seconds`, or core-hours when the whole is long. */
export function coreTimeText(part: number, whole: number): string {
  const [unit, seconds] = whole < 7200 ? (['core-seconds', 1] as const) : (['core-hours', 3600] as const)
  return `${oneDecimal(part / seconds)} of ${oneDecimal(whole / seconds)} ${unit}`
}

/** A number with the noun that it counts: `1 file`, `2 files`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}

/** `2026-03-01 14:05:09` in UTC, of milliseconds since the epoch. */
export function utcText(at: number): string {
  return new Date(at).toISOString().slice(0, 19).replace('T', ' ')
}

/** `0-3,7`, as Linux writes lists of cores. */
export function coresText(cores: readonly number[]): string {
  const sorted = [...cores].sort((a, b) => a - b)
  const starts = sorted.filter((core, at) => sorted[at - 1] !== core - 1)
  const ends = sorted.filter((core, at) => sorted[at + 1] !== core + 1)
  return starts.map((start, at) => (start === ends[at] ? `${start}` : `${start}-${ends[at]}`)).join(',')
}

function oneDecimal(value: number): string {
  return String(Number(value.toFixed(1)))
}
