/** Keeps one core busy in cycles, as `odop simulate` asks. */
import { spawnSync } from 'node:child_process'
import { systemCalls } from '../os/system-calls.ts'
import type { BurnRequest } from './burn.ts'

/** Long enough to look like work, short enough for a level to be even. */
const SLICE_MS = 100

const request = JSON.parse(process.argv[2] ?? '') as BurnRequest
const never = new Int32Array(new SharedArrayBuffer(4))
pin()
systemCalls()?.dieWithParent()
while (process.ppid === request.parent) slice()

function pin(): void {
  const { core } = request
  if (systemCalls()?.setAffinity(0, [core])) return
  spawnSync('taskset', ['-a', '-p', '-c', String(core), String(process.pid)], { stdio: 'ignore' })
}

function slice(): void {
  const { busySeconds, idleSeconds, level, startAt } = request
  const now = Date.now()
  const cycle = (busySeconds + idleSeconds) * 1000
  const inCycle = now < startAt ? cycle : (now - startAt) % cycle
  const busyFor = Math.min(SLICE_MS, busySeconds * 1000 - inCycle)
  if (busyFor <= 0) {
    pause(Math.min(SLICE_MS, now < startAt ? startAt - now : cycle - inCycle))
    return
  }
  compute(now + busyFor * level)
  pause(busyFor * (1 - level))
}

function compute(until: number): void {
  for (;;) if (Date.now() >= until) return
}

function pause(milliseconds: number): void {
  if (milliseconds > 0) Atomics.wait(never, 0, 0, milliseconds)
}
