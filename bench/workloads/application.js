import { isMainThread, Worker, workerData } from 'node:worker_threads'
import { rate, work } from './work.js'

// The shapes of application.c on Node's worker threads: node application.js SHAPE SECONDS RATE CORES
const PHASES = { alternating: 3, bursts: 0.02 }

if (!isMainThread) thread(workerData)
else if (process.argv[2] === 'rate') console.log(rate())
else await application()

async function application() {
  const startedSeconds = Number(process.hrtime.bigint()) / 1e9
  const start = { time: performance.now(), usage: process.cpuUsage() }
  const [shape, seconds, unitsPerSecond, cores] = process.argv.slice(2)
  const data = { shape, seconds: Number(seconds), rate: Number(unitsPerSecond) }
  const threads = shape === 'one-core' ? 1 : Number(cores)
  const trace = []
  const tracing = setInterval(() => trace.push(used(start)), 100)
  await Promise.all(
    Array.from({ length: threads }, () => {
      const worker = new Worker(new URL(import.meta.url), { workerData: data })
      return new Promise((resolve, reject) => worker.once('exit', resolve).once('error', reject))
    }),
  )
  clearInterval(tracing)
  const [wallSeconds, cpuSeconds] = used(start)
  console.log(JSON.stringify({ startedSeconds, wallSeconds, cpuSeconds, trace }))
}

function used({ time, usage }) {
  const { user, system } = process.cpuUsage(usage)
  return [(performance.now() - time) / 1000, (user + system) / 1e6]
}

function thread({ shape, seconds, rate }) {
  const phase = PHASES[shape]
  if (phase === undefined) return work(Math.round(seconds * rate))
  const cycles = Math.max(2, Math.round(seconds / (2 * phase)))
  for (let cycle = 0; cycle < cycles; cycle++) {
    work(Math.round(phase * rate))
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, phase * 1000)
  }
}
