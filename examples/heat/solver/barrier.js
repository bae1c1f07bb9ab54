// A barrier on shared memory: nobody goes on until everybody has come. Waiting threads sleep, they do not spin.

/** Shared memory of a barrier for `parties` threads: how many have come, and how often all had come. */
export function createBarrier(parties) {
  return { parties, memory: new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT) }
}

/** The function by which a thread waits at the barrier. */
export function joinBarrier({ parties, memory }) {
  const state = new Int32Array(memory)
  const arrived = 0
  const round = 1
  return function wait() {
    // Read before arriving: afterwards the others may already have ended the round.
    const current = Atomics.load(state, round)
    if (Atomics.add(state, arrived, 1) + 1 === parties) {
      // Reset before the round ends: a thread that leaves may come to the next round at once.
      Atomics.store(state, arrived, 0)
      Atomics.add(state, round, 1)
      Atomics.notify(state, round)
      return
    }
    while (Atomics.load(state, round) === current) Atomics.wait(state, round, current)
  }
}
