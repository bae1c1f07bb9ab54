// What the field is at the start; the walls keep what they are given here. Row 0 is y = 0, column 0 is x = 0.

export const scenarios = {
  /** A cold plate, hot pieces on it, and a heater along a part of one wall. */
  plate(field, size) {
    fill(field, size, (x, y) => {
      if (x === 0) return y > 0.3 && y < 0.7 ? 100 : 0
      if (x === 1 || y === 0 || y === 1) return 0
      return Math.max(0, ...hotPieces.map(({ temperature, covers }) => (covers(x, y) ? temperature : 0)))
    })
  },

  /** The slowest mode, sin(pi x) sin(pi y): it only decays, with exp(-2 pi^2 t), which makes the error known. */
  sine(field, size) {
    fill(field, size, (x, y) => {
      const isWall = x === 0 || x === 1 || y === 0 || y === 1
      return isWall ? 0 : Math.sin(Math.PI * x) * Math.sin(Math.PI * y)
    })
  },
}

const hotPieces = [
  { temperature: 100, covers: disc(0.68, 0.28, 0.13) },
  { temperature: 85, covers: ring(0.42, 0.62, 0.15, 0.24) },
  { temperature: 70, covers: bar(0.74, 0.5, 0.8, 0.92) },
  { temperature: 60, covers: bar(0.6, 0.68, 0.92, 0.74) },
  { temperature: 90, covers: disc(0.2, 0.16, 0.06) },
  { temperature: 100, covers: disc(0.42, 0.62, 0.05) },
]

function disc(cx, cy, radius) {
  return (x, y) => Math.hypot(x - cx, y - cy) < radius
}

function ring(cx, cy, inner, outer) {
  return (x, y) => Math.hypot(x - cx, y - cy) < outer && Math.hypot(x - cx, y - cy) > inner
}

function bar(left, low, right, high) {
  return (x, y) => x > left && x < right && y > low && y < high
}

function fill(field, size, temperature) {
  for (let row = 0; row < size; row++) {
    for (let column = 0; column < size; column++) {
      field[row * size + column] = temperature(column / (size - 1), row / (size - 1))
    }
  }
}
