import { formatSize } from '../../../core/units.ts'
import { percentText } from '../../units.ts'
import type { Report } from '../report.ts'
import { type Html, html } from './html.ts'
import { reductionTexts } from './texts.ts'

/** The places in which the page's program draws, each with what it shows in words. */
export function picturesHtml({ timeline, gantt, summary }: Report): Html {
  const { rows, kind, cores, memory, queue } = timeline
  const line = kind === 'core' ? 'core' : kind === 'node' ? 'node' : 'line (several nodes)'
  return html`<section aria-labelledby="pictures">
<h2 id="pictures">What the cores did</h2>
<div class="tools" role="group" aria-label="Zoom">
<button type="button" data-zoom="in">Zoom in</button>
<button type="button" data-zoom="out">Zoom out</button>
<button type="button" data-zoom="left" aria-label="Earlier">←</button>
<button type="button" data-zoom="right" aria-label="Later">→</button>
<button type="button" data-zoom="all">All</button>
<span class="hint">Drag to move, Ctrl and wheel to zoom, double-click for all.</span>
</div>
<noscript><p class="note">The pictures need JavaScript; everything else on this page does without.</p></noscript>
${picture({
  id: 'cores',
  title: 'Cores in use',
  label: `Cores in use over time, of ${summary.totals.cores}. On average: application ${mean(cores.app)}, tasks ${mean(cores.tasks)}, odop ${mean(cores.odop)}, idle ${mean(cores.idle)}.`,
  legend: [
    ['app', 'application'],
    ['tasks', 'tasks'],
    ['odop', 'odop'],
    ['idle', 'idle'],
  ],
  text: 'By whom the cores of all nodes were used, one on top of the other.',
})}
${picture({
  id: 'lines',
  title: `Every ${line}, and the attempts on it`,
  label: `Heat map of ${rows.length} lines over time, with ${gantt.attempts} attempts over it. The tables below have the same in figures.`,
  legend: [
    ['app', 'application'],
    ['tasks', 'tasks'],
    ...(kind === 'core' ? [] : [['odop', 'odop'] as const]),
    ['idle', 'idle'],
    ['none', 'not measured'],
  ],
  text: heatText(kind === 'core'),
})}
<ul class="legend" id="tasks-legend" aria-label="Colours of the tasks"></ul>
${picture({
  id: 'memory',
  title: 'Memory against the limit',
  label: `Memory in use over time, of a limit of ${formatSize(memory.limitBytes)}. At most ${percentText(Math.max(0, ...memory.fullestShare))} of a node’s limit.`,
  legend: [
    ['app', 'application'],
    ['tasks', 'tasks'],
    ['odop', 'odop'],
    ['line', summary.nodes.length > 1 ? 'the fullest node, of its own limit' : 'maximum'],
    ['limit', 'limit'],
  ],
  text: `Of the ${formatSize(memory.limitBytes)} that the job may use; the most that a node had in use was ${percentText(Math.max(0, ...memory.fullestShare))} of its limit.`,
})}
${picture({
  id: 'queue',
  title: 'Queue',
  label: `Work items that waited and attempts that ran, over time. At most ${Math.max(0, ...queue.pendingMax)} waited.`,
  legend: [
    ['waiting', 'work items that wait'],
    ['line', 'the most at one time'],
    ['tasks', 'attempts that run'],
  ],
  text: 'How many work items waited, and how many attempts ran.',
})}
<div class="note">${reductionTexts(timeline, gantt, summary.totals.cores).map(text => html`<p>${text}</p>`)}</div>
</section>`
}

interface Picture {
  readonly id: string
  readonly title: string
  /** For those who can't see it. */
  readonly label: string
  readonly legend: readonly (readonly [swatch: string, text: string])[]
  readonly text: string
}

function picture({ id, title, label, legend, text }: Picture): Html {
  const entries = legend.map(
    ([swatch, name]) => html`<li><span class="swatch ${swatch}" aria-hidden="true"></span>${name}</li>`,
  )
  return html`<figure>
<figcaption><h3 id="${id}-title">${title}</h3><p>${text}</p><ul class="legend">${entries}</ul></figcaption>
<div class="chart" id="chart-${id}" role="img" aria-label="${label}"></div>
</figure>`
}

function heatText(isCore: boolean): string {
  const bars = 'The thin bars are attempts, in the colours of their tasks; red: failed or out of time.'
  if (!isCore) return `How much of the cores was used, and by whom: the colours mix. ${bars}`
  return `How much of each core was used: its colour is that of tasks as far as attempts held the core, and otherwise that of the application. ${bars}`
}

function mean(values: readonly number[]): string {
  const sum = values.reduce((all, value) => all + value, 0)
  return String(Number((sum / Math.max(1, values.length)).toFixed(1)))
}
