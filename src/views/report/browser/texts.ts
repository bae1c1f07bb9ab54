import { formatDuration, formatSize } from '../../../core/units.ts'
import type { PageData } from '../page/page-data.ts'

export { formatSize }

export function binAt({ binSeconds, bins }: PageData, seconds: number): number {
  return Math.max(0, Math.min(bins - 1, Math.floor(seconds / binSeconds)))
}

/** From when to when, and how far into the launch. */
export function binText(data: PageData, bin: number): string {
  const from = bin * data.binSeconds
  const to = Math.min(data.seconds, from + data.binSeconds)
  return `${clockText(data, from)} – ${clockText(data, to)} UTC, ${formatDuration(from)} in`
}

/** `12:00:05` of the launch's day, with the date where it lasts longer; tenths where bins are short. */
export function clockText({ start, seconds, binSeconds }: PageData, offset: number): string {
  const iso = new Date(Math.round(start + offset * 1000)).toISOString()
  const clock = iso.slice(11, binSeconds < 1 ? 21 : 19)
  return seconds > 86_400 / 2 ? `${iso.slice(5, 10)} ${clock}` : clock
}

export function numberText(value: number): string {
  return String(Number(value.toFixed(2)))
}

export function coresText(value: number): string {
  return `${numberText(value)} cores`
}

/** Exact to a tenth, because it is compared. */
export function percentText(share: number): string {
  return `${Number((share * 100).toFixed(1))}%`
}

/** Of thousandths. */
export function shareText(thousandths: number | null | undefined): string {
  return thousandths == null ? 'not measured' : percentText(thousandths / 1000)
}
