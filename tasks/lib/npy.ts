import { type FileHandle, open } from 'node:fs/promises'

/** What a NumPy file says about its array. */
export interface NpyHeader {
  readonly shape: readonly number[]
  /** NumPy's name of the element type: `<f8` is a little-endian float64. */
  readonly elementType: string
  /** The first index runs fastest, not the last. */
  readonly fortranOrder: boolean
  /** Where the values begin in the file. */
  readonly dataOffset: number
}

export interface NpyArray {
  readonly shape: readonly number[]
  /** All values in C order: the last index runs fastest. */
  readonly values: Float64Array
}

export interface ReadOptions {
  readonly signal?: AbortSignal | undefined
}

/**
 * The values of a `.npy` file (formats 1 to 3, integers and floats), block after block as they lie in the file, so that
 * a field larger than the memory can be reduced. A block is only valid until the next one is asked for.
 */
export async function* readBlocks(file: string, { signal }: ReadOptions = {}): AsyncGenerator<Float64Array> {
  await using source = await open(file)
  const header = await readHeader(source, file)
  const element = elementOf(header, file)
  let left = countOf(header.shape)
  let position = header.dataOffset
  const bytes = new Uint8Array(Math.min(left, blockElements) * element.size)
  const block = new Float64Array(Math.min(left, blockElements))
  while (left > 0) {
    signal?.throwIfAborted()
    const count = Math.min(left, blockElements)
    const part = bytes.subarray(0, count * element.size)
    await readFully(source, { into: part, position, file })
    const view = new DataView(part.buffer, part.byteOffset, part.byteLength)
    for (let i = 0; i < count; i++) block[i] = element.read(view, i * element.size)
    yield block.subarray(0, count)
    left -= count
    position += part.length
  }
}

/** A whole array in memory. */
export async function readArray(file: string, options: ReadOptions = {}): Promise<NpyArray> {
  const { shape, fortranOrder } = await readHeaderOf(file)
  const values = new Float64Array(countOf(shape))
  let filled = 0
  for await (const block of readBlocks(file, options)) {
    values.set(block, filled)
    filled += block.length
  }
  return { shape, values: fortranOrder ? toCOrder(values, shape) : values }
}

/** The header of a `.npy` file. */
export async function readHeaderOf(file: string): Promise<NpyHeader> {
  await using source = await open(file)
  return await readHeader(source, file)
}

const blockElements = 65_536

/** https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html */
async function readHeader(source: FileHandle, file: string): Promise<NpyHeader> {
  const start = new Uint8Array(12)
  await readFully(source, { into: start, position: 0, file })
  const view = new DataView(start.buffer)
  const isNpy = Buffer.from(start.subarray(0, 6)).toString('latin1') === '\x93NUMPY'
  const version = view.getUint8(6)
  if (!isNpy || version < 1 || version > 3)
    throw new Error(`${file}: expected a .npy file of format 1, 2 or 3`)
  const [lengthBytes, length] = version === 1 ? [2, view.getUint16(8, true)] : [4, view.getUint32(8, true)]
  const text = Buffer.alloc(length)
  await readFully(source, { into: text, position: 8 + lengthBytes, file })
  return { ...parseDescription(text.toString('latin1'), file), dataOffset: 8 + lengthBytes + length }
}

/** The header is a Python dictionary such as `{'descr': '<f8', 'fortran_order': False, 'shape': (512, 512), }`. */
function parseDescription(text: string, file: string): Omit<NpyHeader, 'dataOffset'> {
  const elementType = /'descr':\s*'([^']+)'/.exec(text)?.[1]
  const order = /'fortran_order':\s*(True|False)/.exec(text)?.[1]
  const shape = /'shape':\s*\(([^)]*)\)/.exec(text)?.[1]
  if (elementType === undefined || order === undefined || shape === undefined) {
    throw new Error(`${file}: expected descr, fortran_order and shape in the header, got ${text.trim()}`)
  }
  const lengths = shape.split(',').map(length => length.trim())
  return {
    elementType,
    fortranOrder: order === 'True',
    shape: lengths.filter(length => length !== '').map(Number),
  }
}

interface Element {
  readonly size: number
  read(view: DataView, offset: number): number
}

function elementOf({ elementType }: NpyHeader, file: string): Element {
  const little = !elementType.startsWith('>')
  const element = elements(little)[elementType.slice(1)]
  if (element === undefined)
    throw new Error(`${file}: expected integers or floats, got element type ${elementType}`)
  return element
}

function elements(little: boolean): Readonly<Record<string, Element>> {
  return {
    f8: { size: 8, read: (view, offset) => view.getFloat64(offset, little) },
    f4: { size: 4, read: (view, offset) => view.getFloat32(offset, little) },
    i8: { size: 8, read: (view, offset) => Number(view.getBigInt64(offset, little)) },
    i4: { size: 4, read: (view, offset) => view.getInt32(offset, little) },
    i2: { size: 2, read: (view, offset) => view.getInt16(offset, little) },
    i1: { size: 1, read: (view, offset) => view.getInt8(offset) },
    u8: { size: 8, read: (view, offset) => Number(view.getBigUint64(offset, little)) },
    u4: { size: 4, read: (view, offset) => view.getUint32(offset, little) },
    u2: { size: 2, read: (view, offset) => view.getUint16(offset, little) },
    u1: { size: 1, read: (view, offset) => view.getUint8(offset) },
    b1: { size: 1, read: (view, offset) => view.getUint8(offset) },
  }
}

/** An array without dimensions holds one value. */
function countOf(shape: readonly number[]): number {
  return shape.reduce((count, length) => count * length, 1)
}

function toCOrder(values: Float64Array, shape: readonly number[]): Float64Array {
  const ordered = new Float64Array(values.length)
  const index = shape.map(() => 0)
  const strides = shape.map((_, dimension) => countOf(shape.slice(dimension + 1)))
  for (const value of values) {
    ordered[index.reduce((offset, i, dimension) => offset + i * (strides[dimension] ?? 0), 0)] = value
    advanceFirstFastest(index, shape)
  }
  return ordered
}

function advanceFirstFastest(index: number[], shape: readonly number[]): void {
  for (let dimension = 0; dimension < shape.length; dimension++) {
    const next = (index[dimension] ?? 0) + 1
    index[dimension] = next === shape[dimension] ? 0 : next
    if (next !== shape[dimension]) return
  }
}

interface Reading {
  readonly into: Uint8Array
  readonly position: number
  readonly file: string
}

async function readFully(source: FileHandle, { into, position, file }: Reading): Promise<void> {
  for (let done = 0; done < into.length; ) {
    const { bytesRead } = await source.read(into, done, into.length - done, position + done)
    if (bytesRead === 0) {
      throw new Error(`${file}: expected at least ${position + into.length} bytes, got ${position + done}`)
    }
    done += bytesRead
  }
}
