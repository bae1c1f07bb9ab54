import { describe, expect, it } from 'vitest'
import { ThreadWatch } from '../../../src/node/observe/thread-watch.ts'
import { FakeKernel } from './fake-kernel.ts'

const APP = 100

function watched() {
  const kernel = new FakeKernel()
  kernel.fork(1, APP)
  kernel.threadCores.set(100, 3).set(101, 3).set(102, 5)
  const watch = new ThreadWatch(kernel)
  const threads = [100, 101, 102].map(thread => ({ pid: APP, thread }))
  let now = 0
  const delays = new Map(threads.map(({ thread }) => [thread, 10]))
  return {
    watch,
    kernel,
    look(grown: Record<number, number> = {}, milliseconds = 50) {
      for (const [thread, seconds] of Object.entries(grown)) {
        delays.set(Number(thread), (delays.get(Number(thread)) ?? 0) + seconds)
      }
      kernel.set(APP, { delays: new Map(delays) })
      now += milliseconds
      return [...watch.look(threads, now)]
    },
  }
}

describe('the cores for which the application waits', () => {
  it('are not known after one look', () => expect(watched().look({ 100: 5 })).toEqual([]))

  it('are those of threads that were delayed for more than 5 % of the time', () => {
    const { look } = watched()
    look()
    expect(look({ 100: 0.002, 102: 0.003 })).toEqual([5])
    expect(look({ 102: 0.003 }, 100)).toEqual([])
    expect(look({ 100: 0.04, 102: 0.04 })).toEqual([3, 5])
  })

  it('are judged by all threads that wait for them together', () => {
    const { look } = watched()
    look()
    expect(look({ 100: 0.002, 101: 0.002 })).toEqual([3])
  })

  it('are none where threads have ended, or the watch began anew', () => {
    const { look, watch, kernel } = watched()
    look()
    watch.forget()
    expect(look({ 100: 1 })).toEqual([])
    kernel.vanish(APP)
    expect([...watch.look([{ pid: APP, thread: 100 }], 1e6)]).toEqual([])
  })
})
