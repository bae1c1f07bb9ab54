import type { PageData } from '../page/page-data.ts'
import { amountAxis, type Chart, createChart, timeOption } from './chart.ts'
import { binAt, binText, coresText, formatSize, numberText, percentText } from './texts.ts'
import { colour } from './theme.ts'

type Point = [at: number, value: number]

export function coresChart(data: PageData): Chart {
  const { app, tasks, odop, idle } = data.cores
  return createChart({
    id: 'cores',
    height: 260,
    option: () => ({
      ...timeOption(data.start, data.seconds, { slider: true }),
      yAxis: amountAxis('cores', data.totalCores || null, numberText),
      series: [
        area('app', steps(data, app)),
        area('tasks', steps(data, tasks)),
        area('odop', steps(data, odop)),
        area('idle', steps(data, idle)),
      ],
    }),
    tell(seconds) {
      const bin = binAt(data, seconds)
      const entry = (name: string, values: readonly number[]) => [name, coresText(values[bin] ?? 0)] as const
      return {
        title: binText(data, bin),
        entries: [entry('idle', idle), entry('odop', odop), entry('tasks', tasks), entry('application', app)],
      }
    },
  })
}

export function memoryChart(data: PageData): Chart {
  const { app, tasks, odop, fullest, limit } = data.memory
  const shares = (values: readonly number[]) =>
    steps(
      data,
      values.map(bytes => (limit > 0 ? bytes / limit : 0)),
    )
  return createChart({
    id: 'memory',
    height: 200,
    option: () => ({
      ...timeOption(data.start, data.seconds),
      yAxis: amountAxis('of the limit', memoryTop(Math.max(0, ...fullest)), exactPercent),
      series: [
        area('app', shares(app)),
        area('tasks', shares(tasks)),
        area('odop', shares(odop)),
        line('line', steps(data, fullest)),
        line(
          'limit',
          steps(
            data,
            fullest.map(() => 1),
          ),
          'dashed',
        ),
      ],
    }),
    tell(seconds) {
      const bin = binAt(data, seconds)
      const entry = (name: string, values: readonly number[]) => [name, formatSize(values[bin] ?? 0)] as const
      return {
        title: binText(data, bin),
        entries: [
          ['limit', formatSize(limit)],
          ['fullest node, of its limit', percentText(fullest[bin] ?? 0)],
          entry('odop', odop),
          entry('tasks', tasks),
          entry('application', app),
        ],
      }
    },
  })
}

/** As exact as a quarter of the axis is. */
function exactPercent(share: number): string {
  return `${Number((share * 100).toFixed(3))}%`
}

/** All of the limit, or, where so little was used that nothing would be seen, somewhat more than that. */
function memoryTop(most: number): number {
  if (most > 0.2) return Math.max(1, most)
  const steps = [0.0004, 0.001, 0.002, 0.004, 0.01, 0.02, 0.04, 0.1, 0.2, 0.4]
  return steps.find(step => step >= most * 1.1) ?? 0.4
}

export function queueChart(data: PageData): Chart {
  const { pending, pendingMax, running, runningMax } = data.queue
  return createChart({
    id: 'queue',
    height: 180,
    option: () => ({
      ...timeOption(data.start, data.seconds),
      yAxis: { ...amountAxis('items', null, numberText), minInterval: 1 },
      series: [
        { ...area('waiting', steps(data, pending)), stack: undefined },
        line('line', steps(data, pendingMax)),
        line('tasks', steps(data, running)),
      ],
    }),
    tell(seconds) {
      const bin = binAt(data, seconds)
      const entry = (mean: readonly number[], max: readonly number[]) =>
        `${numberText(mean[bin] ?? 0)}, at most ${numberText(max[bin] ?? 0)}`
      return {
        title: binText(data, bin),
        entries: [
          ['waiting', entry(pending, pendingMax)],
          ['running', entry(running, runningMax)],
        ],
      }
    },
  })
}

/** A value holds for its whole bin. */
function steps({ start, seconds, binSeconds }: PageData, values: readonly number[]): Point[] {
  const points = values.map((value, bin): Point => [start + bin * binSeconds * 1000, value])
  return [...points, [start + seconds * 1000, values.at(-1) ?? 0]]
}

function area(name: string, data: readonly Point[]) {
  return {
    type: 'line',
    stack: 'all',
    step: 'end',
    symbol: 'none',
    silent: true,
    data,
    lineStyle: { width: 0 },
    areaStyle: { color: colour(name), opacity: 1 },
  }
}

function line(name: string, data: readonly Point[], type: 'solid' | 'dashed' = 'solid') {
  return {
    type: 'line',
    step: 'end',
    symbol: 'none',
    silent: true,
    data,
    lineStyle: { color: colour(name), width: 1.5, type },
  }
}
