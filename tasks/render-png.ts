// A picture of each two-dimensional field: PNG, first row at the top, larger fields averaged down.
//
// ODOP_DATA      folder of the fields, *.npy (data)
// ODOP_OUT       pictures go to its folder pictures/ (out)
// ODOP_RANGE     LOW:HIGH, the values of the darkest and the lightest colour (each field's own least and greatest value);
//                give one where pictures are to be compared or put together to a film
// ODOP_COLOURS   fire or sea (fire)

import { writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { fileIn, task } from 'odop'
import { type Colour, type ColourMapName, colourMap } from './lib/colour-map.ts'
import { type NpyArray, readArray } from './lib/npy.ts'
import { encodePng } from './lib/png.ts'
import { replaceFile } from './lib/replace-file.ts'

const { ODOP_DATA = 'data', ODOP_OUT = 'out', ODOP_RANGE, ODOP_COLOURS = 'fire' } = process.env

/** A picture has at most so many pixels a side. */
const greatestSide = 1024

export default task(
  {
    name: 'render-png',
    trigger: fileIn(ODOP_DATA, { filter: '*.npy' }),
    cpus: 1,
    memory: '500M',
    time: '10m',
    priority: 5,
  },
  async ({ file, signal, log }) => {
    const field = toPlane(await readArray(file, { signal }), file)
    const range = readRange(ODOP_RANGE) ?? rangeOf(field.values)
    const png = await renderField(field, { range, colours: readColours(ODOP_COLOURS) })
    const picture = join(ODOP_OUT, 'pictures', `${basename(file, '.npy')}.png`)
    await replaceFile(picture, temporary => writeFile(temporary, png))
    log(`${picture}: colours from ${range.low} to ${range.high}`)
  },
)

export interface Plane {
  readonly width: number
  readonly height: number
  readonly values: Float64Array
}

export interface Range {
  readonly low: number
  readonly high: number
}

export interface RenderOptions {
  readonly range: Range
  readonly colours: ColourMapName
}

/** Values outside the range get the colour of its nearer end; those that are not numbers are grey. */
export async function renderField(field: Plane, { range, colours }: RenderOptions): Promise<Buffer> {
  const { width, height, values } = averageDown(
    field,
    Math.ceil(Math.max(field.width, field.height) / greatestSide),
  )
  const palette = [noValue, ...colourMap(colours, 255)]
  const steps = palette.length - 2
  const scale = range.high > range.low ? steps / (range.high - range.low) : 0
  const pixels = Uint8Array.from(values, value =>
    Number.isNaN(value) ? 0 : 1 + Math.round(Math.min(steps, Math.max(0, (value - range.low) * scale))),
  )
  return await encodePng({ width, height, palette, pixels })
}

const noValue: Colour = [128, 128, 128]

/** Means of `factor` × `factor` values; at the right and lower edge of what is there. */
function averageDown({ width, height, values }: Plane, factor: number): Plane {
  if (factor <= 1) return { width, height, values }
  const small = { width: Math.ceil(width / factor), height: Math.ceil(height / factor) }
  const sums = new Float64Array(small.width * small.height)
  const counts = new Uint32Array(sums.length)
  for (let row = 0; row < height; row++) {
    const smallRow = Math.floor(row / factor) * small.width
    for (let column = 0; column < width; column++) {
      const target = smallRow + Math.floor(column / factor)
      sums[target] = (sums[target] ?? 0) + (values[row * width + column] ?? Number.NaN)
      counts[target] = (counts[target] ?? 0) + 1
    }
  }
  return { ...small, values: sums.map((sum, i) => sum / (counts[i] ?? 1)) }
}

/** Dimensions of length 1 do not count: a plane cut out of a larger array is a plane. */
export function toPlane({ shape, values }: NpyArray, file: string): Plane {
  const [height, width, ...others] = shape.filter(length => length !== 1)
  if (height === undefined || width === undefined || others.length > 0 || values.length === 0) {
    throw new Error(`${file}: expected an array of two dimensions to render, got (${shape.join(', ')})`)
  }
  return { width, height, values }
}

function rangeOf(values: Float64Array): Range {
  let [low, high] = [Infinity, -Infinity]
  for (const value of values) {
    if (value < low && value !== -Infinity) low = value
    if (value > high && value !== Infinity) high = value
  }
  return low <= high ? { low, high } : { low: 0, high: 1 }
}

function readRange(text: string | undefined): Range | null {
  if (text === undefined || text === '') return null
  const [low, high, ...more] = text.split(':').map(Number)
  if (low === undefined || high === undefined || more.length > 0 || !(low < high)) {
    throw new Error(`ODOP_RANGE: expected LOW:HIGH with LOW < HIGH, such as 0:100, got '${text}'`)
  }
  return { low, high }
}

function readColours(text: string): ColourMapName {
  if (text === 'fire' || text === 'sea') return text
  throw new Error(`ODOP_COLOURS: expected fire or sea, got '${text}'`)
}
