import { formatDuration } from '../core/units.ts'
import { labelled } from './layout.ts'
import type { Line } from './lines.ts'
import type { Summary } from './summary-schema.ts'

/** What the application's threads waited, and how much attempts slowed it down by the measure that says more. */
export function slowdownLines(summary: Summary, width: number): readonly Line[] {
  return [...delayLines(summary, width), ...shareLines(summary, width)]
}

function delayLines({ totals }: Summary, width: number): readonly Line[] {
  const { appRunDelaySeconds: delay, interference } = totals
  if (delay === null) return []
  const waited = `the application's threads waited ${formatDuration(delay)} for a core`
  const shares = [
    interference && delayText(interference.beside, 'of their CPU time beside tasks'),
    interference && delayText(interference.alone, 'without tasks'),
  ].filter(text => text !== null)
  return labelled('Delay', shares.length === 0 ? waited : `${waited}: ${shares.join(', ')}`, width)
}

type Exposure = NonNullable<Summary['totals']['interference']>['beside']

function delayText({ appCpuSeconds, appRunDelaySeconds }: Exposure, when: string): string | null {
  return appCpuSeconds > 0 ? `${percent(appRunDelaySeconds / appCpuSeconds)} ${when}` : null
}

function shareLines({ slowdown, totals }: Summary, width: number): readonly Line[] {
  const { share, by, allowed, progress } = slowdown
  if (share === null) return totals.coreSeconds.tasks === 0 ? [] : labelled('Slowdown', NOT_KNOWN, width)
  const limit = allowed === null ? '' : ` (allowed: ${percent(allowed)})`
  const baseline =
    totals.interference?.baseline === 'assumed' ? ', compared with no delay: it was hardly ever alone' : ''
  const how =
    by === 'progress' && progress !== null
      ? `by its progress: ${stepText(progress.besideStepSeconds)} a step beside tasks, ${stepText(progress.aloneStepSeconds)} without`
      : `by run-queue delay${baseline}`
  return labelled('Slowdown', `${percent(share)}${limit} ${how}`, width)
}

const NOT_KNOWN = 'not known: there was too little to measure it by'

function stepText(seconds: number | null): string {
  if (seconds === null) return '-'
  return seconds < 10 ? `${Number((seconds * 1000).toPrecision(3))}ms` : `${Number(seconds.toPrecision(3))}s`
}

/** `0.4%`; a slowdown that noise makes negative is none. */
function percent(share: number): string {
  return `${Number(Math.max(0, share * 100).toFixed(1))}%`
}
