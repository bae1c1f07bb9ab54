import type { PageData } from '../page/page-data.ts'
import type { Chart } from './chart.ts'
import { coresChart, memoryChart, queueChart } from './charts.ts'
import { connectHover } from './hover.ts'
import { linesChart } from './lines-chart.ts'
import { prepareTables } from './tables.ts'
import { tasksLegend } from './tasks-legend.ts'
import { prepareTheme } from './theme.ts'
import { connectZoom } from './zoom.ts'

/** The program of a report's page: draws the pictures into the places that the page has for them. */
const data: PageData = JSON.parse(document.getElementById('data')?.textContent ?? '')
const charts: readonly Chart[] = [coresChart(data), linesChart(data), memoryChart(data), queueChart(data)]

prepareTables()
tasksLegend(data)
drawAll()
connectZoom(charts)
connectHover(charts, data)
prepareTheme(drawAll)
window.addEventListener('resize', () => resizeAll(null))
prepareForPaper()

function drawAll(): void {
  for (const chart of charts) chart.draw()
}

function resizeAll(width: number | null): void {
  for (const chart of charts) chart.resize(width)
}

/** A sheet has a width of its own and is white. */
function prepareForPaper(): void {
  const PAPER_WIDTH = 700
  let theme: string | undefined
  window.addEventListener('beforeprint', () => {
    theme = document.documentElement.dataset['theme']
    document.documentElement.dataset['theme'] = 'light'
    resizeAll(PAPER_WIDTH)
    drawAll()
  })
  window.addEventListener('afterprint', () => {
    if (theme === undefined) delete document.documentElement.dataset['theme']
    else document.documentElement.dataset['theme'] = theme
    resizeAll(null)
    drawAll()
  })
}
