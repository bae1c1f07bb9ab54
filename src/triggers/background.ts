import type { TriggerContext, TriggerSource } from './trigger-source.ts'

export interface BackgroundSource extends TriggerSource {
  /** One work item has left the queue for good: fires the next one. */
  refill(): void
}

/** Fires `replicas` times at the start (once by default), and then each time that it is told to refill. */
export function startBackground(context: TriggerContext): BackgroundSource {
  let closed = false
  const refill = () => {
    if (!closed) context.fire({ task: context.task.name, files: [], version: null })
  }
  for (let replica = 0; replica < (context.task.replicas ?? 1); replica++) refill()
  return {
    refill,
    flush: async () => {},
    close: async () => {
      closed = true
    },
  }
}
