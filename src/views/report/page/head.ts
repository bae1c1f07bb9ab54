import { formatDuration } from '../../../core/units.ts'
import { commandText } from '../../printable.ts'
import type { Status } from '../../status.ts'
import type { Summary } from '../../summary-schema.ts'
import { coreTimeText, counted, percentText, utcText } from '../../units.ts'
import type { Report } from '../report.ts'
import { type Html, html } from './html.ts'
import { thousands } from './texts.ts'

interface Figure {
  readonly label: string
  readonly value: string
  readonly detail: string
  readonly tone?: 'good' | 'warn' | 'bad'
}

const stateTexts: Readonly<Record<Status['state'], string>> = {
  live: 'running: as it was when this page was made',
  draining: 'the application has ended, the queue is being worked off',
  ended: 'ended',
  interrupted: 'interrupted: odop ended without a word; the next run of this name goes on there',
}

/** Who and what, and the figures that matter most. */
export function headHtml(report: Report): Html {
  const { summary, status, launches } = report
  const launch = launches < 2 ? '' : `, launch ${launches} of this run`
  return html`<header>
<p class="kind">odop run report</p>
<h1>${summary.run}</h1>
<p class="command"><code>${commandText(summary.command)}</code></p>
<p class="when">${whenText(summary)}. ${whoText(summary)} on ${counted(summary.nodes.length, 'node')} with ${counted(summary.totals.cores, 'core')}, started from ${status.host}${launch}. State: ${stateTexts[status.state]}.</p>
</header>
<section aria-labelledby="summary">
<h2 id="summary">Summary</h2>
<dl class="figures">${figures(report).map(figureHtml)}</dl>
</section>`
}

function whoText({ user, job }: Summary): string {
  return `Run${user === null ? '' : ` by ${user}`}${job === null ? '' : `, job ${job}`}`
}

function whenText({ start, end }: Summary): string {
  return `${utcText(Date.parse(start))} to ${utcText(Date.parse(end))} UTC`
}

function figureHtml({ label, value, detail, tone }: Figure): Html {
  return html`<div><dt>${label}</dt><dd class="${tone ?? ''}">${value}</dd><dd class="detail">${detail}</dd></div>\n`
}

function figures(report: Report): readonly Figure[] {
  const { summary } = report
  return [
    exitFigure(summary, report.status),
    {
      label: 'Wall time',
      value: formatDuration(summary.wallSeconds),
      detail: 'with what odop did at the end',
    },
    harvestFigure(summary),
    ...(summary.tasks.length === 0 ? [] : [savedFigure(summary)]),
    slowdownFigure(summary),
    costFigure(summary),
    itemsFigure(report),
  ]
}

function exitFigure({ exit }: Summary, { application }: Status): Figure {
  const label = 'Application'
  if (application.state === 'running') return { label, value: 'running', detail: 'it has not ended yet' }
  if (exit.signal !== null)
    return { label, value: exit.signal, detail: 'the signal that ended it', tone: 'bad' }
  if (exit.code === null) return { label, value: 'none', detail: 'no application ran' }
  const tone = exit.code === 0 ? 'good' : 'bad'
  return {
    label,
    value: `exit ${exit.code}`,
    detail: exit.code === 0 ? 'success' : 'its own exit code',
    tone,
  }
}

function harvestFigure({ harvest }: Summary): Figure {
  const { harvestedCoreSeconds, availableCoreSeconds, share } = harvest
  return {
    label: 'Harvested',
    value: percentText(share),
    detail: `${coreTimeText(harvestedCoreSeconds, availableCoreSeconds)} that the application left`,
  }
}

function savedFigure({ savedSeconds }: Summary): Figure {
  const detail = 'at least: so much longer with the tasks after the application'
  return { label: 'Saved', value: formatDuration(savedSeconds), detail }
}

function slowdownFigure({ slowdown }: Summary): Figure {
  const { share, by, allowed } = slowdown
  const label = 'Slowdown'
  if (share === null) return { label, value: 'not known', detail: 'there was too little to measure it by' }
  const limit = allowed === null ? '' : `, allowed ${tenths(allowed)}`
  const how = by === 'progress' ? 'by the application’s steps' : 'by run-queue delay'
  const tone = allowed !== null && share > allowed ? ({ tone: 'warn' } as const) : {}
  return { label, value: tenths(share), detail: `${how}${limit}`, ...tone }
}

function costFigure({ totals: { coreSeconds } }: Summary): Figure {
  const { odop, total } = coreSeconds
  return {
    label: 'Cost of odop',
    value: total > 0 ? `${Number(((odop / total) * 100).toFixed(2))}%` : '0%',
    detail: `${formatDuration(odop)} of CPU time`,
  }
}

function itemsFigure({ summary: { tasks }, itemsLeft: left }: Report): Figure {
  const completed = tasks.reduce((sum, task) => sum + task.completed, 0)
  const failed = tasks.reduce((sum, task) => sum + task.failed + task.timeout, 0)
  const detail = `${thousands(failed)} failed, ${thousands(left)} left`
  const tone = failed > 0 ? ({ tone: 'bad' } as const) : left > 0 ? ({ tone: 'warn' } as const) : {}
  return { label: 'Work items', value: thousands(completed), detail: `completed; ${detail}`, ...tone }
}

/** A slowdown that noise makes negative is none. */
function tenths(share: number): string {
  return `${Number(Math.max(0, share * 100).toFixed(1))}%`
}
