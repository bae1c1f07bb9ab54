import { type Figure, median, quantile } from './measure.ts'

/** A figure as a line of the table: its median, the target beside it, and the spread of its samples. */
export function figureLine({ name, unit, samples, target }: Figure): string {
  if (samples.length === 0) return `${name.padEnd(WIDTH)}        -`
  const spread =
    samples.length > 1
      ? `  (${show(Math.min(...samples))} – ${show(Math.max(...samples))}, p99 ${show(quantile(samples, 0.99))}, n=${samples.length})`
      : ''
  return `${name.padEnd(WIDTH)} ${show(median(samples)).padStart(8)} ${unit}${bound(target)}${spread}`
}

const WIDTH = 72

function bound(target: Figure['target']): string {
  if (target?.atMost !== undefined) return `  target ≤ ${target.atMost}`
  if (target?.atLeast !== undefined) return `  target ≥ ${target.atLeast}`
  return ''
}

/** Shares and ratios are told apart by their third digit. */
function show(value: number): string {
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(3)
}
