import type { BackOffs } from '../core/schedule/back-off.ts'
import { heldBack } from '../core/schedule/back-off.ts'
import type { Recorder } from './recorder.ts'

/** Says in notes that odop backed off: when it does so first, and in the end how often it did. */
export interface BackOffNotes {
  seen(backOffs: BackOffs): void
  finish(): void
}

export function backOffNotes(recorder: Recorder, now: () => number): BackOffNotes {
  let times = 0
  let most = 0
  return {
    seen(backOffs) {
      const { maxSlowdown } = recorder.state.settings
      const before = times
      times = 0
      for (const backOff of backOffs.values()) {
        times += backOff.times
        most = Math.max(most, backOff.slowdown)
        const held = maxSlowdown === null ? null : heldBack(backOff, maxSlowdown, now())
        if (before === 0 && backOff.times > 0 && held !== null) recorder.note('info', held.reason)
      }
      // After the application's end nothing is held back any more, and nothing to be forgotten.
      times = Math.max(times, before)
    },
    finish() {
      if (times < 2) return
      recorder.note(
        'info',
        `odop backed off ${times} times; the largest slowdown was ${(most * 100).toFixed(1)} %`,
      )
    },
  }
}
