import { promisify } from 'node:util'
import { crc32, deflate } from 'node:zlib'
import type { Colour } from './colour-map.ts'

export interface PalettePicture {
  readonly width: number
  readonly height: number
  /** At most 256 colours. */
  readonly palette: readonly Colour[]
  /** One index into the palette for each pixel, row after row from the top. */
  readonly pixels: Uint8Array
}

/** A picture as a PNG file. https://www.w3.org/TR/png-3/ */
export async function encodePng({ width, height, palette, pixels }: PalettePicture): Promise<Buffer> {
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(height, 4)
  header.set([bitDepth, colourTypePalette], 8)
  return Buffer.concat([
    signature,
    chunk('IHDR', header),
    chunk('PLTE', Uint8Array.from(palette.flat())),
    chunk('IDAT', await compress(filteredRows(pixels, width, height))),
    chunk('IEND', new Uint8Array()),
  ])
}

const compress = promisify<Uint8Array, Buffer>(deflate)
const signature = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1')
const bitDepth = 8
const colourTypePalette = 3

/** Each row is preceded by its filter: 0, none, which is best for a palette. */
function filteredRows(pixels: Uint8Array, width: number, height: number): Uint8Array {
  const rows = new Uint8Array((width + 1) * height)
  for (let row = 0; row < height; row++) {
    rows.set(pixels.subarray(row * width, (row + 1) * width), row * (width + 1) + 1)
  }
  return rows
}

function chunk(type: string, data: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data])
  const length = Buffer.alloc(4)
  length.writeUInt32BE(data.length)
  const checksum = Buffer.alloc(4)
  checksum.writeUInt32BE(crc32(body))
  return Buffer.concat([length, body, checksum])
}
