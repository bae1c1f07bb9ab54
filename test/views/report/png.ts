import { inflateSync } from 'node:zlib'

/** A picture's pixels, three or four bytes each. */
export interface Pixels {
  readonly width: number
  readonly height: number
  readonly channels: number
  readonly bytes: Uint8Array
}

/** Of a PNG with eight bits a channel and no interlacing, as browsers write them. */
export function decodePng(png: Buffer): Pixels {
  const [width, height] = [png.readUInt32BE(16), png.readUInt32BE(20)]
  const channels = png[25] === 6 ? 4 : 3
  const parts: Buffer[] = []
  for (let at = 8; at < png.length; ) {
    const length = png.readUInt32BE(at)
    if (png.toString('latin1', at + 4, at + 8) === 'IDAT') parts.push(png.subarray(at + 8, at + 8 + length))
    at += length + 12
  }
  return {
    width,
    height,
    channels,
    bytes: unfiltered(inflateSync(Buffer.concat(parts)), width * channels, channels),
  }
}

function unfiltered(lines: Buffer, lineLength: number, channels: number): Uint8Array {
  const height = lines.length / (lineLength + 1)
  const bytes = new Uint8Array(height * lineLength)
  const at = (index: number) => bytes[index] ?? 0
  for (let line = 0; line < height; line++) {
    const filter = lines[line * (lineLength + 1)] ?? 0
    for (let column = 0; column < lineLength; column++) {
      const index = line * lineLength + column
      const left = column < channels ? 0 : at(index - channels)
      const above = line === 0 ? 0 : at(index - lineLength)
      const corner = column < channels || line === 0 ? 0 : at(index - lineLength - channels)
      const predicted = [0, left, above, (left + above) >> 1, paeth(left, above, corner)][filter] ?? 0
      bytes[index] = (lines[line * (lineLength + 1) + 1 + column] ?? 0) + predicted
    }
  }
  return bytes
}

function paeth(left: number, above: number, corner: number): number {
  const sum = left + above - corner
  const [toLeft, toAbove, toCorner] = [left, above, corner].map(value => Math.abs(sum - value)) as [
    number,
    number,
    number,
  ]
  if (toLeft <= toAbove && toLeft <= toCorner) return left
  return toAbove <= toCorner ? above : corner
}

/** Mean and standard deviation of the brightness of a part of the picture. */
export function brightness(
  { width, channels, bytes }: Pixels,
  box: { readonly x: number; readonly y: number; readonly width: number; readonly height: number },
): { readonly mean: number; readonly deviation: number } {
  let [count, sum, squares] = [0, 0, 0]
  for (let y = Math.round(box.y); y < Math.round(box.y + box.height); y++) {
    for (let x = Math.round(box.x); x < Math.round(box.x + box.width); x++) {
      const at = (y * width + x) * channels
      const value = ((bytes[at] ?? 0) + (bytes[at + 1] ?? 0) + (bytes[at + 2] ?? 0)) / 3
      count += 1
      sum += value
      squares += value * value
    }
  }
  const mean = sum / count
  return { mean, deviation: Math.sqrt(Math.max(0, squares / count - mean * mean)) }
}
