import { type Figure, median, quantile } from './measure.ts'

/** A figure as a line of the table: its median, the target beside it, and the spread of its samples. */
export function figureLine({ name, unit, samples, target }: Figure): string {
  if (samples.length === 0) return `${name.padEnd(WIDTH)}        -`
  const spread =
    samples.length > 1
      ? `  (${show(Math.min(...samples))} – ${show(Math.max(...samples))}, p99 ${show(quantile(samples, 0.99))}, n=${samples.length})`
      : ''
  const aim = bound(target)
  return `${name.padEnd(WIDTH)} ${show(median(samples)).padStart(8)} ${unit}${aim === '' ? '' : `  target ${aim}`}${spread}`
}

const WIDTH = 88

/** All figures as a table in Markdown, ready for a report. */
export function markdownTable(figures: readonly Figure[]): string {
  const rows = figures.map(({ name, unit, samples, target }) => {
    const measured = samples.length === 0 ? '–' : `${show(median(samples))} ${unit}`.trim()
    return `| ${name} | ${measured} | ${range(samples)} | ${bound(target)} |`
  })
  return ['| figure | median | range, runs | target |', '|---|---|---|---|', ...rows, ''].join('\n')
}

function range(samples: readonly number[]): string {
  if (samples.length < 2) return ''
  return `${show(Math.min(...samples))} – ${show(Math.max(...samples))}, ${samples.length}`
}

function bound(target: Figure['target']): string {
  if (target?.atMost !== undefined) return `≤ ${target.atMost}`
  if (target?.atLeast !== undefined) return `≥ ${target.atLeast}`
  return ''
}

/** Shares and ratios are told apart by their third digit. */
function show(value: number): string {
  if (Number.isInteger(value)) return String(value)
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(3)
}
