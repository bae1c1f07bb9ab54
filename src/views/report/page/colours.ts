import type { PageRow } from './page-data.ts'

export type Rgb = readonly [red: number, green: number, blue: number]
export type UseColours = Readonly<Record<'app' | 'tasks' | 'odop' | 'idle', Rgb>>

/** Of `#rrggbb`. */
export function rgb(hex: string): Rgb {
  const value = Number.parseInt(hex.slice(1), 16)
  return [value >> 16, (value >> 8) & 255, value & 255]
}

/** Colours of tasks, other than those of use; they can be told apart on light and on dark. */
const TASK_COLOURS = ['#8a63d2', '#e07b39', '#c2458f', '#7a8b2d', '#2f9bb8', '#a3704c', '#5d6bd8', '#b89b1f']

export function taskColour(task: number): string {
  return TASK_COLOURS[task % TASK_COLOURS.length] ?? '#888888'
}

/** The colours of application, tasks, odop and nobody, mixed by their shares; null: nothing was measured. */
export function cellColour({ used, held, parts }: PageRow, bin: number, colours: UseColours): string | null {
  const all = used[bin]
  if (all == null) return null
  const { app, tasks, odop } =
    parts === null
      ? splitByHolder(all, held?.[bin] ?? 0)
      : { app: parts.app[bin] ?? 0, tasks: parts.tasks[bin] ?? 0, odop: parts.odop[bin] ?? 0 }
  const idle = Math.max(0, 1000 - app - tasks - odop)
  const mixed = ([0, 1, 2] as const).map(channel => {
    const sum =
      colours.app[channel] * app +
      colours.tasks[channel] * tasks +
      colours.odop[channel] * odop +
      colours.idle[channel] * idle
    return Math.round(sum / (app + tasks + odop + idle))
  })
  return `#${mixed.map(value => value.toString(16).padStart(2, '0')).join('')}`
}

/** Who uses a core is not measured: as long as an attempt holds it, it counts as the attempt's. */
function splitByHolder(used: number, held: number) {
  const tasks = (used * held) / 1000
  return { app: used - tasks, tasks, odop: 0 }
}
