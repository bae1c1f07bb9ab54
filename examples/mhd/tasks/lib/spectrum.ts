/**
 * How much of the variance of lines of `size` values each wave number has, 0 to size / 2, on average over the lines (Parseval: the sum
 * is the mean square). `size` must be a power of two.
 */
export function lineSpectrum(values: Float64Array, size: number): Float64Array {
  if (!Number.isInteger(Math.log2(size))) throw new Error(`expected a power of two as the size, got ${size}`)
  const powers = new Float64Array(size / 2 + 1)
  const lines = values.length / size
  for (let line = 0; line < lines; line++) {
    const real = values.slice(line * size, (line + 1) * size)
    const imaginary = new Float64Array(size)
    transform(real, imaginary)
    for (let k = 0; k < size; k++) {
      const bin = Math.min(k, size - k)
      const power = ((real[k] ?? 0) ** 2 + (imaginary[k] ?? 0) ** 2) / size ** 2
      powers[bin] = (powers[bin] ?? 0) + power / lines
    }
  }
  return powers
}

/** The fast Fourier transform of Cooley and Tukey, in place. */
function transform(real: Float64Array, imaginary: Float64Array): void {
  const { length } = real
  if (length < 2) return
  const half = length / 2
  const part = (of: Float64Array, odd: number) =>
    Float64Array.from({ length: half }, (_, at) => of[2 * at + odd] ?? 0)
  const [evenReal, evenImaginary] = [part(real, 0), part(imaginary, 0)]
  const [oddReal, oddImaginary] = [part(real, 1), part(imaginary, 1)]
  transform(evenReal, evenImaginary)
  transform(oddReal, oddImaginary)
  for (let k = 0; k < half; k++) {
    const [cos, sin] = [Math.cos((2 * Math.PI * k) / length), -Math.sin((2 * Math.PI * k) / length)]
    const [a, b] = [oddReal[k] ?? 0, oddImaginary[k] ?? 0]
    const [turnedReal, turnedImaginary] = [cos * a - sin * b, sin * a + cos * b]
    const [er, ei] = [evenReal[k] ?? 0, evenImaginary[k] ?? 0]
    real[k] = er + turnedReal
    imaginary[k] = ei + turnedImaginary
    real[k + half] = er - turnedReal
    imaginary[k + half] = ei - turnedImaginary
  }
}
