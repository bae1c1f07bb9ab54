import { spawn } from 'node:child_process'
import { describeNode } from '../../../src/node/observe/allocation.ts'
import { createSampler } from '../../../src/node/observe/sampler.ts'
import { descendants } from '../../../src/os/proc.ts'
import { systemCalls } from '../../../src/os/system-calls.ts'

/** A supervisor whose application leaves a process behind, which works a while and ends: what is seen of it? */
systemCalls()?.becomeSubreaper()
const own = new Set<number>()
// What the loader of this TypeScript file has started is not the application's.
const before = descendants(process.pid)
const sampler = createSampler({
  facts: describeNode({ name: 'n', env: {} }),
  supervisor: process.pid,
  now: Date.now(),
  memoryReserveBytes: 0,
  attempts: () => [],
  helpers: () => before,
  isOwnChild: pid => own.has(pid),
})

const burn = 'while (process.cpuUsage().user < 300000);'
const application = spawn('sh', ['-c', '"$0" -e "$1" & exit 7', process.execPath, burn], { stdio: 'ignore' })
own.add(application.pid ?? 0)
const code = await new Promise(resolve => application.on('exit', resolve))

let adopted = false
const deadline = Date.now() + 40_000
for (;;) {
  sampler.sample(Date.now(), { full: true })
  const left = leftovers().length
  if (left > 0) adopted = true
  if ((adopted && left === 0) || Date.now() > deadline) break
  await new Promise(resolve => setTimeout(resolve, 50))
}
const { application: seen } = sampler.sample(Date.now(), { full: true })
process.stdout.write(JSON.stringify({ code, adopted, left: leftovers().length, ...seen }))

function leftovers(): number[] {
  return descendants(process.pid).filter(pid => !before.includes(pid))
}
