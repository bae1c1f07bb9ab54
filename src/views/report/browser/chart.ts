import { CustomChart, LineChart } from 'echarts/charts'
import { DataZoomInsideComponent, DataZoomSliderComponent, GridComponent } from 'echarts/components'
import { type ECharts, type EChartsCoreOption, init, use as register } from 'echarts/core'
import { CanvasRenderer } from 'echarts/renderers'
import { colour } from './theme.ts'

// Only what the pictures are made of becomes part of the page.
register([
  CanvasRenderer,
  CustomChart,
  DataZoomInsideComponent,
  DataZoomSliderComponent,
  GridComponent,
  LineChart,
])

/** What the pointer is on, in words. */
export interface Told {
  readonly title: string
  readonly entries: readonly (readonly [label: string, value: string])[]
}

export interface Chart {
  readonly element: HTMLElement
  readonly echarts: ECharts
  /** Anew, in the present colours. */
  draw(): void
  /** null: as wide as its place. */
  resize(width: number | null): void
  /** What is there; `y` in the chart's own unit. */
  tell(seconds: number, y: number): Told | null
}

export interface ChartOptions {
  readonly id: string
  readonly height: number
  readonly option: () => EChartsCoreOption
  readonly tell: Chart['tell']
}

export function createChart({ id, height, option, tell }: ChartOptions): Chart {
  const element = document.getElementById(`chart-${id}`)
  if (element === null) throw new Error(`the page has no place for ${id}`)
  element.style.height = `${height}px`
  const echarts = init(element, null, { renderer: 'canvas' })
  return {
    element,
    echarts,
    draw: () => echarts.setOption(option()),
    resize: width => echarts.resize({ width: width ?? 'auto' }),
    tell,
  }
}

/** The same margins everywhere: what happened at one time stands in one line. */
export const GRID = { left: 104, right: 18, top: 10, bottom: 26 } as const
const SLIDER_HEIGHT = 22

/** By what the ticks are apart. */
const TIMES = {
  year: '{yyyy}',
  month: '{MMM} {d}',
  day: '{MMM} {d}',
  hour: '{HH}:{mm}',
  minute: '{HH}:{mm}',
  second: '{HH}:{mm}:{ss}',
  millisecond: '{HH}:{mm}:{ss}.{SSS}',
}

/** Time from left to right, with what all charts share. */
export function timeOption(start: number, seconds: number, { slider = false } = {}): EChartsCoreOption {
  const labels = { color: colour('soft'), fontSize: 12 }
  const both = { xAxisIndex: 0, filterMode: 'none', minValueSpan: 100 }
  return {
    animation: false,
    useUTC: true,
    textStyle: { fontFamily: getComputedStyle(document.body).fontFamily },
    grid: { ...GRID, bottom: GRID.bottom + (slider ? SLIDER_HEIGHT + 10 : 0) },
    xAxis: {
      type: 'time',
      min: start,
      max: start + seconds * 1000,
      axisLine: { lineStyle: { color: colour('rule') } },
      axisTick: { lineStyle: { color: colour('rule') } },
      axisLabel: { ...labels, hideOverlap: true, formatter: TIMES },
      splitLine: { show: false },
    },
    dataZoom: [
      {
        type: 'inside',
        ...both,
        zoomOnMouseWheel: 'ctrl',
        moveOnMouseWheel: false,
        preventDefaultMouseMove: false,
      },
      ...(slider ? [{ type: 'slider', ...both, ...sliderStyle() }] : []),
    ],
  }
}

function sliderStyle() {
  return {
    height: SLIDER_HEIGHT,
    bottom: 4,
    showDetail: false,
    brushSelect: false,
    borderColor: colour('rule'),
    backgroundColor: 'transparent',
    fillerColor: colour('idle'),
    handleStyle: { color: colour('panel'), borderColor: colour('soft') },
    moveHandleStyle: { color: colour('soft') },
    dataBackground: { lineStyle: { opacity: 0 }, areaStyle: { opacity: 0 } },
    selectedDataBackground: { lineStyle: { opacity: 0 }, areaStyle: { opacity: 0 } },
    emphasis: { handleStyle: { borderColor: colour('text') }, moveHandleStyle: { color: colour('text') } },
  }
}

/** Amounts from 0 upwards. */
export function amountAxis(name: string, max: number | null, format: (value: number) => string) {
  return {
    type: 'value',
    min: 0,
    ...(max === null ? {} : { max, interval: max / 4 }),
    name,
    nameLocation: 'middle',
    nameGap: 78,
    nameTextStyle: { color: colour('soft'), fontSize: 12 },
    axisLabel: { color: colour('soft'), fontSize: 12, formatter: format },
    splitNumber: 4,
    splitLine: { lineStyle: { color: colour('rule') } },
  }
}
