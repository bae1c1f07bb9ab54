/** Executes nothing more, and is there until the supervisor ends this process (or is gone itself). */
export function stayUntilKilled(): never {
  const supervisor = process.ppid
  const never = new Int32Array(new SharedArrayBuffer(4))
  while (process.ppid === supervisor) Atomics.wait(never, 0, 0, LOOK_AFTER_SUPERVISOR_MS)
  process.kill(process.pid, 'SIGKILL')
  throw new Error('unreachable: this process is dead')
}

const LOOK_AFTER_SUPERVISOR_MS = 1_000
