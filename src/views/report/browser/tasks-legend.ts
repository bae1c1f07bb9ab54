import { taskColour } from '../page/colours.ts'
import type { PageData } from '../page/page-data.ts'

/** More tasks than this repeat colours anyway. */
const MOST_TASKS = 16

export function tasksLegend({ tasks }: PageData): void {
  const list = document.getElementById('tasks-legend')
  const more = tasks.length - MOST_TASKS
  const entries = tasks.slice(0, MOST_TASKS).map((task, at) => {
    const swatch = document.createElement('span')
    swatch.className = 'swatch'
    swatch.style.background = taskColour(at)
    return entry(swatch, task)
  })
  list?.replaceChildren(...entries, ...(more > 0 ? [entry(`and ${more} more`)] : []))
}

function entry(...content: readonly (Node | string)[]): HTMLElement {
  const item = document.createElement('li')
  item.append(...content)
  return item
}
