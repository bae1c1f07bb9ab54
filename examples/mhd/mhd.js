// A stand-in for a 3-D magnetohydrodynamics code: velocity and magnetic field of a decaying vortex like that of Orszag and Tang,
// on a periodic cube. The fields are given by formulas, so that what is computed from them can be checked; like a real code it
// computes for a while and writes all of them now and then. node mhd.js --help says how to run it.
import { mkdirSync } from 'node:fs'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { writeArray } from '../heat/solver/write-field.js'

const usage = `usage: node mhd.js [options]

  --size N     grid points a side (64)
  --steps N    time steps (400)
  --every N    write the fields every N steps, and the first ones (20)
  --out DIR    folder of the fields, mhd-STEP.npy: vx, vy, vz, Bx, By, Bz of each point, as (6, z, y, x) (data)
`
const timeStep = 0.01
const viscosity = 0.1
const resistivity = 0.05

/**
 * No component depends on its own coordinate, so the divergence of both fields is 0 at all times. The vortices move along the
 * diagonal, and their energy decays.
 */
const components = [
  ({ y, z, v }) => -v * Math.sin(y) * (1 + 0.2 * Math.sin(z)),
  ({ x, v }) => v * Math.sin(x),
  ({ x, y, v }) => 0.2 * v * Math.cos(x) * Math.sin(y),
  ({ y, b }) => -b * Math.sin(y),
  ({ x, z, b }) => b * Math.sin(2 * x) * (1 + 0.2 * Math.cos(z)),
  ({ x, y, b }) => 0.1 * b * Math.sin(x + y),
]

function main() {
  const options = readOptions()
  if (options === null) return
  const { size, steps, every, out } = options
  mkdirSync(out, { recursive: true })
  const fields = new Float64Array(components.length * size ** 3)
  for (let step = 0; step <= steps; step++) {
    evaluate(fields, size, step * timeStep)
    if (step % every !== 0) continue
    const file = path.join(out, `mhd-${String(step).padStart(6, '0')}.npy`)
    writeArray(file, fields, [components.length, size, size, size])
    console.log(
      `step ${String(step).padStart(6)}  time ${(step * timeStep).toFixed(2)}  ${path.basename(file)}`,
    )
  }
  console.log(`mhd: done, ${steps} steps`)
}

function evaluate(fields, size, time) {
  const spacing = (2 * Math.PI) / size
  const v = Math.exp(-viscosity * time)
  const b = Math.exp(-resistivity * time)
  let at = 0
  for (const component of components) {
    for (let k = 0; k < size; k++) {
      for (let j = 0; j < size; j++) {
        for (let i = 0; i < size; i++) {
          const [x, y, z] = [i, j, k].map(index => index * spacing - time)
          fields[at++] = component({ x, y, z, v, b })
        }
      }
    }
  }
}

/** null: there is nothing to run. */
function readOptions() {
  const { values } = parseArgs({
    options: {
      size: { type: 'string', default: '64' },
      steps: { type: 'string', default: '400' },
      every: { type: 'string', default: '20' },
      out: { type: 'string', default: 'data' },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) {
    process.stdout.write(usage)
    return null
  }
  const [size, steps, every] = ['size', 'steps', 'every'].map(name => wholeNumber(name, values[name]))
  return { size, steps, every, out: values.out }
}

function wholeNumber(name, text) {
  const number = Number(text)
  if (Number.isSafeInteger(number) && number >= 1) return number
  process.stderr.write(`mhd: --${name} expects a whole number from 1 up, got '${text}'\n`)
  process.exit(2)
}

main()
