export interface NpyContent {
  /** `<f8` by default. */
  readonly elementType?: string
  /** As in the file: `2, 3`. */
  readonly shape: string
  readonly fortranOrder?: boolean
  /** 1 by default. */
  readonly version?: number
  readonly data: Uint8Array
}

/** A NumPy file as NumPy would write it. */
export function npyBytes({
  elementType = '<f8',
  shape,
  fortranOrder = false,
  version = 1,
  data,
}: NpyContent): Buffer {
  const order = fortranOrder ? 'True' : 'False'
  const description = `{'descr': '${elementType}', 'fortran_order': ${order}, 'shape': (${shape}), }`
  const fixed = version === 1 ? 10 : 12
  const length = Math.ceil((fixed + description.length + 1) / 64) * 64 - fixed
  const start = Buffer.from(`\x93NUMPY${String.fromCharCode(version)}\0${'\0'.repeat(fixed - 8)}`, 'latin1')
  if (version === 1) start.writeUInt16LE(length, 8)
  else start.writeUInt32LE(length, 8)
  return Buffer.concat([start, Buffer.from(`${description.padEnd(length - 1)}\n`, 'latin1'), data])
}

/** The bytes of float64 values. */
export function float64Bytes(...values: readonly number[]): Uint8Array {
  return new Uint8Array(Float64Array.from(values).buffer)
}
