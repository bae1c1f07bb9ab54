import { unreachable } from '../core/unreachable.ts'
import { startBackground } from './background.ts'
import { startFileIn } from './file-in.ts'
import { startFileUpdated } from './file-updated.ts'
import { startTimer } from './timer.ts'
import type { TriggerContext, TriggerSource } from './trigger-source.ts'

/** Starts to watch for one task. Never rejects: what can't be watched is said with `warn`, and nothing fires. */
export async function startTrigger(context: TriggerContext): Promise<TriggerSource> {
  try {
    return start(context)
  } catch (error) {
    context.warn(`${context.task.name}: its trigger can't be started: ${(error as Error).message}`)
    return { flush: async () => {}, close: async () => {} }
  }
}

function start(context: TriggerContext): TriggerSource {
  const { trigger } = context.task
  switch (trigger.kind) {
    case 'file-in':
      return startFileIn(context, trigger)
    case 'file-updated':
      return startFileUpdated(context, trigger)
    case 'timer':
      return startTimer(context, trigger.everySeconds)
    case 'background':
      return startBackground(context)
    case 'after':
    case 'signal':
      // Neither is watched for: the trigger desk is told.
      return { flush: async () => {}, close: async () => {} }
    default:
      return unreachable(trigger)
  }
}
