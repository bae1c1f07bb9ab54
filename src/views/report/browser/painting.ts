import { cellColour, rgb, taskColour, type UseColours } from '../page/colours.ts'
import type { PageBlock, PageData, PageRow } from '../page/page-data.ts'
import { colour } from './theme.ts'

export interface Place {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

export interface Canvas {
  readonly place: Place
  /** From the left edge of the place, of a time in the launch. */
  readonly pixelOf: (seconds: number) => number
  readonly topOf: (row: number) => number
  /** Of a row. */
  readonly height: number
}

/** A row in parts: use above, bars below, and a gap to the next one. */
const BARS = 0.34
const GAP = 0.08

/** Paints the rows in the pixels of the screen, so that nothing is blurred. */
export function painted(
  data: PageData,
  blocks: readonly (readonly PageBlock[])[],
  canvas: Canvas,
): HTMLCanvasElement {
  const element = document.createElement('canvas')
  const ratio = window.devicePixelRatio || 1
  element.width = Math.max(1, Math.round(canvas.place.width * ratio))
  element.height = Math.max(1, Math.round(canvas.place.height * ratio))
  const pen = element.getContext('2d')
  if (pen === null) return element
  pen.scale(ratio, ratio)
  const colours = coloursOfUse()
  for (const [at, row] of data.rows.entries()) {
    paintUse(pen, { data, row, at, canvas, colours })
    for (const block of blocks[at] ?? []) paintBlock(pen, { data, block, canvas })
  }
  return element
}

function coloursOfUse(): UseColours {
  return {
    app: rgb(colour('app')),
    tasks: rgb(colour('tasks')),
    odop: rgb(colour('odop')),
    idle: rgb(colour('idle')),
  }
}

interface UseOptions {
  readonly data: PageData
  readonly row: PageRow
  readonly at: number
  readonly canvas: Canvas
  readonly colours: UseColours
}

/** Neighbours of one colour are one rectangle. */
function paintUse(pen: CanvasRenderingContext2D, { data, row, at, canvas, colours }: UseOptions): void {
  const { place, pixelOf, topOf, height } = canvas
  const top = topOf(at)
  const tall = height * (data.blocks.length > 0 ? 1 - BARS - GAP : 1 - GAP)
  for (let bin = 0; bin < data.bins; ) {
    const fill = cellColour(row, bin, colours)
    const first = bin
    for (bin += 1; bin < data.bins && cellColour(row, bin, colours) === fill; ) bin += 1
    const left = Math.max(0, Math.round(pixelOf(first * data.binSeconds)))
    const right = Math.min(place.width, Math.round(pixelOf(Math.min(data.seconds, bin * data.binSeconds))))
    if (fill === null || right <= left) continue
    pen.fillStyle = fill
    pen.fillRect(left, top, right - left, tall)
  }
}

interface BlockOptions {
  readonly data: PageData
  readonly block: PageBlock
  readonly canvas: Canvas
}

function paintBlock(pen: CanvasRenderingContext2D, { data, block, canvas }: BlockOptions): void {
  const { place, pixelOf, topOf, height } = canvas
  const [row, lane, from, to, task, , failed] = block
  const lanes = Math.max(1, data.lanes)
  const left = Math.max(0, pixelOf(from))
  const right = Math.min(place.width, Math.max(pixelOf(to), pixelOf(from) + 1))
  if (right <= left) return
  const tall = (height * BARS) / lanes
  const top = topOf(row) + height * (1 - BARS - GAP / 2) + lane * tall
  // Bars that touch can be told apart.
  const wide = right - left > 4 ? right - left - 1 : right - left
  pen.fillStyle = failed > 0 ? colour('limit') : taskColour(task)
  pen.fillRect(left, top, wide, Math.max(1, tall - (lanes > 1 ? 0.5 : 0)))
}
