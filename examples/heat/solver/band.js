// One worker: advances a band of rows through all time steps. Worker 0 also writes the fields and reports.
import { parentPort, workerData } from 'node:worker_threads'
import { joinBarrier } from './barrier.js'
import { writeField } from './write-field.js'

function run({ plan, index, shared }) {
  const { size, steps, every, workers, stepRatio } = plan
  const waitForAll = joinBarrier(shared.barrier)
  const residuals = new Float64Array(shared.residuals)
  const interior = size - 2
  const rows = {
    from: 1 + Math.floor((index * interior) / workers),
    to: 1 + Math.floor(((index + 1) * interior) / workers),
  }
  let [now, next] = shared.fields.map(buffer => new Float64Array(buffer))

  if (index === 0) report(plan, 0, now, null)
  for (let step = 1; step <= steps; step++) {
    advance(now, next, size, rows, stepRatio)
    const isReported = step % every === 0 || step === steps
    if (isReported) residuals[index] = sumOfSquaredChanges(now, next, size, rows)
    waitForAll()
    ;[now, next] = [next, now]
    if (isReported) {
      if (index === 0) report(plan, step, now, residualOf(residuals, plan))
      // The others must not overwrite their part of the residual before it has been read.
      waitForAll()
    }
  }
}

function advance(now, next, size, rows, ratio) {
  for (let row = rows.from; row < rows.to; row++) {
    const end = (row + 1) * size - 1
    let west = now[row * size]
    let centre = now[row * size + 1]
    for (let i = row * size + 1; i < end; i++) {
      const east = now[i + 1]
      next[i] = centre + ratio * (west + east + now[i - size] + now[i + size] - 4 * centre)
      west = centre
      centre = east
    }
  }
}

function sumOfSquaredChanges(now, next, size, rows) {
  let sum = 0
  for (let i = rows.from * size; i < rows.to * size; i++) sum += (next[i] - now[i]) ** 2
  return sum
}

/** Root mean square of u_t over the interior: 0 when nothing changes any more. */
function residualOf(squares, { size, timeStep }) {
  const sum = squares.reduce((total, part) => total + part, 0)
  return Math.sqrt(sum) / (size - 2) / timeStep
}

function report(plan, step, field, residual) {
  const file = writeField(plan.out, step, field, plan.size)
  let hottest = Number.NEGATIVE_INFINITY
  for (const value of field) if (value > hottest) hottest = value
  // A message, not process.stdout: a worker's stream waits for its event loop, which has no turn before the end.
  parentPort.postMessage({ step, residual, hottest, file })
}

run(workerData)
