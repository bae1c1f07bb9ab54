import type { PageData } from '../page/page-data.ts'
import { type Chart, GRID, type Told } from './chart.ts'

/** What the pointer is on is told beside it, and a line shows the same time in all charts. */
export function connectHover(charts: readonly Chart[], { start }: PageData): void {
  const tip = document.createElement('div')
  tip.className = 'tip'
  tip.setAttribute('role', 'status')
  document.body.append(tip)
  const crosses = charts.map(({ element }) => {
    const cross = document.createElement('div')
    cross.className = 'cross'
    element.append(cross)
    return cross
  })
  const hide = () => {
    for (const each of [tip, ...crosses]) each.style.display = 'none'
  }

  for (const chart of charts) {
    const renderer = chart.echarts.getZr()
    renderer.on('mousemove', ({ offsetX, offsetY }) => {
      const inside = chart.echarts.containPixel({ gridIndex: 0 }, [offsetX, offsetY])
      const [at = 0, y = 0] = chart.echarts.convertFromPixel({ gridIndex: 0 }, [offsetX, offsetY])
      const told = inside ? chart.tell((at - start) / 1000, y) : null
      if (told === null) return hide()
      showTold(tip, told, chart.element.getBoundingClientRect(), [offsetX, offsetY])
      for (const [index, cross] of crosses.entries()) showCross(cross, charts[index], offsetX)
    })
    renderer.on('globalout', hide)
  }
  window.addEventListener('scroll', hide, { passive: true })
}

/** All charts have the same margins and the same width. */
function showCross(cross: HTMLElement, chart: Chart | undefined, x: number): void {
  if (chart === undefined) return
  cross.style.display = 'block'
  cross.style.left = `${x}px`
  cross.style.bottom = `${GRID.bottom}px`
}

/** Only as text: names come from users. */
function showTold(
  tip: HTMLElement,
  { title, entries }: Told,
  box: DOMRect,
  [x, y]: readonly [number, number],
): void {
  const head = document.createElement('b')
  head.textContent = title
  const list = document.createElement('dl')
  for (const [label, value] of entries) {
    const [name, text] = [document.createElement('dt'), document.createElement('dd')]
    name.textContent = label
    text.textContent = value
    list.append(name, text)
  }
  tip.replaceChildren(head, list)
  tip.style.display = 'block'
  const left = box.left + x + 16
  const over = left + tip.offsetWidth + 8 > window.innerWidth
  tip.style.left = `${Math.max(4, over ? box.left + x - tip.offsetWidth - 16 : left)}px`
  const top = Math.min(box.top + y + 16, window.innerHeight - tip.offsetHeight - 8)
  tip.style.top = `${Math.max(4, top)}px`
}
