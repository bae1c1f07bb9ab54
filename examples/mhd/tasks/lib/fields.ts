import { readArray } from '../../../../tasks/lib/npy.ts'

/** Three components, each of `size`³ values: the index of x runs fastest, that of z slowest. */
export type VectorField = readonly [Float64Array, Float64Array, Float64Array]

export interface Fields {
  readonly size: number
  readonly velocity: VectorField
  readonly magnetic: VectorField
}

export async function readFields(file: string, signal?: AbortSignal): Promise<Fields> {
  const { shape, values } = await readArray(file, { signal })
  const [count, size = 0] = shape
  if (count !== 6 || shape.length !== 4 || shape.some((length, at) => at > 0 && length !== size))
    throw new Error(`${file}: expected an array (6, n, n, n), got (${shape.join(', ')})`)
  const component = (at: number) => values.subarray(at * size ** 3, (at + 1) * size ** 3)
  return {
    size,
    velocity: [component(0), component(1), component(2)],
    magnetic: [component(3), component(4), component(5)],
  }
}

/** Of the vector at each point. */
export function magnitudes([x, y, z]: VectorField): Float64Array {
  return x.map((value, at) => Math.hypot(value, y[at] ?? 0, z[at] ?? 0))
}
