// A 2-D heat equation, u_t = u_xx + u_yy on the unit square, explicit finite differences, walls at a fixed temperature.
// Bands of rows are advanced by worker threads on shared memory; node heat.js --help says how to run it.
import { mkdirSync } from 'node:fs'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { Worker } from 'node:worker_threads'
import { createBarrier } from './solver/barrier.js'
import { scenarios } from './solver/scenarios.js'

const usage = `usage: node heat.js [options]

  --size N        grid points a side, walls included (512)
  --steps N       time steps (15000)
  --every N       write a field every N steps, and the first and the last one (500)
  --workers N     worker threads (1)
  --scenario S    ${Object.keys(scenarios).join(', ')} (plate)
  --out DIR       folder of the fields, heat-STEP.npy (data)
`

/** Time step over h²: explicit differences in two dimensions are stable up to 0.25. */
const stepRatio = 0.2

function main() {
  const options = readOptions(process.argv.slice(2))
  if (options === null) return
  mkdirSync(options.out, { recursive: true })
  const spacing = 1 / (options.size - 1)
  const plan = { ...options, stepRatio, timeStep: stepRatio * spacing * spacing }
  console.log(
    `heat: ${plan.size} x ${plan.size} points, ${plan.steps} steps of ${plan.timeStep.toExponential(3)}, ` +
      `${plan.workers} worker${plan.workers === 1 ? '' : 's'}, scenario ${plan.scenario}, fields in ${plan.out}`,
  )
  solve(plan)
}

function solve(plan) {
  const started = performance.now()
  const seconds = () => ((performance.now() - started) / 1000).toFixed(2)
  const shared = makeSharedMemory(plan)
  let fields = 0
  let running = plan.workers
  for (let index = 0; index < plan.workers; index++) {
    const worker = new Worker(new URL('./solver/band.js', import.meta.url), {
      workerData: { plan, index, shared },
    })
    worker.on('message', ({ step, residual, hottest, file }) => {
      fields++
      console.log(
        `step ${String(step).padStart(7)}  time ${(step * plan.timeStep).toExponential(4)}  ` +
          `residual ${residual?.toExponential(3) ?? '        -'}  max ${hottest.toFixed(3)}  wall ${seconds()} s  ${path.basename(file)}`,
      )
    })
    worker.on('error', error => fail(`worker ${index}: ${error.message}`, 1))
    worker.on('exit', () => {
      running--
      if (running === 0) console.log(`heat: done, ${plan.steps} steps and ${fields} fields in ${seconds()} s`)
    })
  }
}

/** Two fields, of which each step reads one and writes the other; walls are the same in both and stay as they are. */
function makeSharedMemory({ size, workers, scenario }) {
  const bytes = size * size * Float64Array.BYTES_PER_ELEMENT
  const shared = {
    fields: [new SharedArrayBuffer(bytes), new SharedArrayBuffer(bytes)],
    residuals: new SharedArrayBuffer(workers * Float64Array.BYTES_PER_ELEMENT),
    barrier: createBarrier(workers),
  }
  const [first, second] = shared.fields.map(buffer => new Float64Array(buffer))
  scenarios[scenario](first, size)
  second.set(first)
  return shared
}

/** null: nothing to run, and what there was to say has been said. */
function readOptions(args) {
  const text = parse(args)
  if (text === null) return null
  if (text.help) {
    process.stdout.write(usage)
    return null
  }
  if (!Object.hasOwn(scenarios, text.scenario)) {
    return fail(`--scenario expects one of ${Object.keys(scenarios).join(', ')}, got '${text.scenario}'`, 2)
  }
  const numbers = {}
  for (const [name, least] of Object.entries({ size: 3, steps: 0, every: 1, workers: 1 })) {
    numbers[name] = Number(text[name])
    if (!Number.isSafeInteger(numbers[name]) || numbers[name] < least) {
      return fail(`--${name} expects a whole number from ${least} up, got '${text[name]}'`, 2)
    }
  }
  const workers = Math.min(numbers.workers, numbers.size - 2)
  return { ...numbers, workers, scenario: text.scenario, out: text.out }
}

function parse(args) {
  try {
    return parseArgs({
      args,
      options: {
        size: { type: 'string', default: '512' },
        steps: { type: 'string', default: '15000' },
        every: { type: 'string', default: '500' },
        workers: { type: 'string', default: '1' },
        scenario: { type: 'string', default: 'plate' },
        out: { type: 'string', default: 'data' },
        help: { type: 'boolean', default: false },
      },
    }).values
  } catch (error) {
    return fail(`${error.message}\n\n${usage}`, 2)
  }
}

function fail(message, code) {
  process.stderr.write(`heat: ${message}\n`)
  process.exit(code)
}

main()
