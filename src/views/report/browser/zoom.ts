import type { Chart } from './chart.ts'

/** What part of the time is shown, in percent. */
interface Part {
  readonly start: number
  readonly end: number
}

const ALL: Part = { start: 0, end: 100 }

/** All charts show the same part of the time. */
export function connectZoom(charts: readonly Chart[]): void {
  let shown = ALL
  let spreading = false

  const show = (part: Part, except: Chart | null) => {
    shown = part
    spreading = true
    for (const chart of charts) {
      if (chart !== except) chart.echarts.dispatchAction({ type: 'dataZoom', dataZoomIndex: 0, ...part })
    }
    spreading = false
  }

  for (const chart of charts) {
    chart.echarts.on('datazoom', () => {
      if (!spreading) show(partOf(chart), chart)
    })
    chart.echarts.getZr().on('dblclick', () => show(ALL, null))
  }
  for (const button of document.querySelectorAll<HTMLElement>('[data-zoom]')) {
    button.addEventListener('click', () => show(changed(shown, button.dataset['zoom'] ?? ''), null))
  }
}

function partOf({ echarts }: Chart): Part {
  const { dataZoom } = echarts.getOption() as { readonly dataZoom?: readonly Partial<Part>[] }
  return { start: dataZoom?.[0]?.start ?? 0, end: dataZoom?.[0]?.end ?? 100 }
}

function changed({ start, end }: Part, how: string): Part {
  const width = end - start
  switch (how) {
    case 'in':
      return { start: start + width / 4, end: end - width / 4 }
    case 'out':
      return within(start - width / 2, 2 * width)
    case 'left':
      return within(start - width / 4, width)
    case 'right':
      return within(start + width / 4, width)
    default:
      return ALL
  }
}

function within(start: number, width: number): Part {
  const wide = Math.min(100, width)
  const from = Math.max(0, Math.min(100 - wide, start))
  return { start: from, end: from + wide }
}
