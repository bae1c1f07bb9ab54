export type Colour = readonly [red: number, green: number, blue: number]

/** `fire` goes from black over purple and red to pale yellow, `sea` from deep blue over teal to pale yellow. */
export type ColourMapName = keyof typeof controlPoints

/**
 * `count` colours from dark to light. They are interpolated in the Oklab colour space, with a lightness that rises
 * evenly, so equal differences of a value look equally large, in grey and to the colour-blind too.
 */
export function colourMap(name: ColourMapName, count: number): Colour[] {
  const points = controlPoints[name]
  return Array.from({ length: count }, (_, i) => {
    const position = (i / (count - 1)) * (points.length - 1)
    const low = Math.min(Math.floor(position), points.length - 2)
    const [from, to] = [points[low] ?? black, points[low + 1] ?? black]
    return toRgb(mix(toOklab(from), toOklab(to), position - low))
  })
}

/** Lightness from 0 to 1, colourfulness, hue in degrees. */
type ControlPoint = readonly [lightness: number, chroma: number, hue: number]
type Oklab = readonly [lightness: number, a: number, b: number]

const black: ControlPoint = [0, 0, 0]

/** Evenly spaced, with evenly rising lightness. */
const controlPoints = {
  fire: [
    [0.07, 0.02, 285],
    [0.22, 0.11, 292],
    [0.37, 0.15, 325],
    [0.52, 0.18, 10],
    [0.67, 0.18, 40],
    [0.82, 0.16, 72],
    [0.97, 0.06, 103],
  ],
  sea: [
    [0.2, 0.08, 285],
    [0.33, 0.1, 270],
    [0.46, 0.09, 235],
    [0.59, 0.1, 190],
    [0.72, 0.13, 155],
    [0.85, 0.15, 120],
    [0.98, 0.06, 105],
  ],
} as const satisfies Record<string, readonly ControlPoint[]>

function toOklab([lightness, chroma, hue]: ControlPoint): Oklab {
  const angle = (hue * Math.PI) / 180
  return [lightness, chroma * Math.cos(angle), chroma * Math.sin(angle)]
}

function mix(from: Oklab, to: Oklab, share: number): Oklab {
  return [
    from[0] + (to[0] - from[0]) * share,
    from[1] + (to[1] - from[1]) * share,
    from[2] + (to[2] - from[2]) * share,
  ]
}

/** The matrices are those of Oklab's definition: https://bottosson.github.io/posts/oklab/ */
function toRgb([lightness, a, b]: Oklab): Colour {
  const long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
  const medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
  const short = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3
  return [
    toByte(4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short),
    toByte(-1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short),
    toByte(-0.0041960863 * long - 0.7034186147 * medium + 1.707614701 * short),
  ]
}

/** The transfer curve of sRGB. */
function toByte(linear: number): number {
  const curved = linear <= 0.0031308 ? 12.92 * linear : 1.055 * linear ** (1 / 2.4) - 0.055
  return Math.round(255 * Math.min(1, Math.max(0, curved)))
}
