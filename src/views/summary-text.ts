import { formatDuration, formatSize } from '../core/units.ts'
import { type BarPart, barLine } from './bar.ts'
import { bulletLines, commandLines, LABEL_WIDTH, labelled, moreLine } from './layout.ts'
import { type Line, renderLines, styled, type TextOptions, usableWidth } from './lines.ts'
import { printable } from './printable.ts'
import { slowdownLines } from './slowdown-text.ts'
import { pad, stringWidth, truncate } from './string-width.ts'
import type { Summary } from './summary-schema.ts'
import { type Column, tableLines } from './table.ts'
import { coreTimeText, counted, percentText, utcText } from './units.ts'
import { yieldText } from './yield-text.ts'

export interface SummaryTextOptions extends TextOptions {
  /** The run's folder; null: it could not be made. */
  readonly folder: string | null
}

type NodeSummary = Omit<Summary['nodes'][number], 'yield' | 'yieldReason' | 'gpus'>
type TaskSummary = Summary['tasks'][number]

/** So many lines of a kind at most: the text is for reading, summary.json has everything. */
const MOST_NODES = 8
const MOST_GPUS = 8
const MOST_TASKS = 12
const MOST_NOTES = 10
const LEAST_BAR = 12
const MOST_BAR = 60

const legend = '# application   = tasks   o odop   . idle'

/** The summary for people: stderr at the end of a run, and summary.txt. */
export function summaryText(summary: Summary, options: SummaryTextOptions): string {
  const width = usableWidth(options)
  const lines = [
    ...headLines(summary, width),
    ...nodeLines(summary, width),
    ...harvestLines(summary, width),
    ...taskLines(summary.tasks, width),
    ...adviceLines(summary.advice, width),
    ...noteLines(summary.notes, width),
    ...folderLines(options.folder, width),
  ]
  return renderLines(lines, options)
}

function headLines(summary: Summary, width: number): readonly Line[] {
  const times = `${timeText(summary.start)} to ${timeText(summary.end)} UTC`
  return [
    titleLine(`odop: ${printable(summary.run)}`, width),
    ...whoLines(summary, width),
    ...commandLines(summary.command, width),
    exitLine(summary.exit),
    ...labelled('Time', `${formatDuration(summary.wallSeconds)} (${times})`, width),
  ]
}

function whoLines({ user, job, nodes }: Summary, width: number): readonly Line[] {
  if (user === null) return []
  const [first] = nodes
  const more = nodes.length - 1
  const where =
    first === undefined ? '' : ` on ${first.name}${more > 0 ? ` and ${counted(more, 'more node')}` : ''}`
  return labelled('User', printable(`${user}${where}${job === null ? '' : `, job ${job}`}`), width)
}

function titleLine(title: string, width: number): Line {
  const shown = truncate(title, width - 6)
  const rest = '='.repeat(width - stringWidth(shown) - 4)
  return [styled('dim', '== '), styled('bold', shown), styled('dim', ` ${rest}`)]
}

function exitLine(exit: Summary['exit']): Line {
  const label = pad('Exit', LABEL_WIDTH)
  if (exit.signal !== null) return [label, styled('red', `ended by ${printable(exit.signal)}`)]
  if (exit.code === null) return [label, 'not known: no application ran, or odop was stopped before it ended']
  return [label, styled(exit.code === 0 ? 'green' : 'red', `code ${exit.code}`)]
}

function nodeLines(summary: Summary, width: number): readonly Line[] {
  const { nodes, totals } = summary
  if (nodes.length === 0) return []
  const all: NodeSummary = { name: `all ${nodes.length}`, ...totals }
  const shown: readonly NodeSummary[] = nodes.length === 1 ? nodes : [all, ...nodes.slice(0, MOST_NODES)]
  return [
    [],
    ...labelled('Core use', legend, width),
    ...shown.flatMap(node => coreLines(node, width)),
    ...moreLine(nodes.length - MOST_NODES, 'node', 'summary.json'),
    ...labelled('Memory', 'peaks, of what the job may use', width),
    ...shown.flatMap(node => memoryLines(node, width)),
    ...gpuLines(nodes, width),
  ]
}

function gpuLines(nodes: Summary['nodes'], width: number): readonly Line[] {
  const gpus = nodes.flatMap(({ name, gpus }) =>
    gpus.map(gpu => ({ ...gpu, name: nodes.length === 1 ? `GPU ${gpu.index}` : `${name}:${gpu.index}` })),
  )
  if (gpus.length === 0) return []
  return [
    ...labelled('GPUs', 'how much of the time they were used, and the peak of their memory', width),
    ...gpus.slice(0, MOST_GPUS).flatMap(gpu => barLines(gpuBar(gpu), width)),
    ...moreLine(gpus.length - MOST_GPUS, 'GPU', 'summary.json'),
  ]
}

function gpuBar({ name, use, memoryBytes: { peak, limit } }: GpuLine): Bar {
  const memory =
    peak === null || limit === null ? '-' : `${formatSize(peak).padStart(6)} of ${formatSize(limit)}`
  const figures = `used ${use === null ? '   -' : percentText(use).padStart(4)}  memory ${memory}`
  return { name, parts: [{ amount: use ?? 0, mark: '#', style: 'cyan' }], whole: 1, figures }
}

type GpuLine = Summary['nodes'][number]['gpus'][number] & { readonly name: string }

function coreLines(node: NodeSummary, width: number): readonly Line[] {
  const { total, app, tasks, odop, idle } = node.coreSeconds
  const share = (part: number) => percentText(total > 0 ? part / total : 0).padStart(4)
  const figures = `app ${share(app)}  tasks ${share(tasks)}  odop ${share(odop)}  idle ${share(idle)}`
  return barLines({ name: node.name, parts: barParts(app, tasks, odop), whole: total, figures }, width)
}

function memoryLines(node: NodeSummary, width: number): readonly Line[] {
  const { limit, appPeak, tasksPeak, odopPeak } = node.memoryBytes
  const size = (bytes: number) => formatSize(bytes).padStart(6)
  const figures = `app ${size(appPeak)}  tasks ${size(tasksPeak)}  odop ${size(odopPeak)}  of ${formatSize(limit)}`
  return barLines(
    { name: node.name, parts: barParts(appPeak, tasksPeak, odopPeak), whole: limit, figures },
    width,
  )
}

function barParts(app: number, tasks: number, odop: number): readonly BarPart[] {
  return [
    { amount: app, mark: '#', style: 'cyan' },
    { amount: tasks, mark: '=', style: 'green' },
    { amount: odop, mark: 'o', style: 'yellow' },
  ]
}

interface Bar {
  readonly name: string
  readonly parts: readonly BarPart[]
  readonly whole: number
  readonly figures: string
}

/** A narrow terminal gets the figures without the bar. */
function barLines(bar: Bar, width: number): readonly Line[] {
  const label = pad(truncate(printable(bar.name), LABEL_WIDTH - 1), LABEL_WIDTH)
  const room = width - LABEL_WIDTH - bar.figures.length - 2
  if (room < LEAST_BAR) return labelled(label.trimEnd(), bar.figures.replace(/ +/g, ' '), width)
  return [[label, ...barLine(bar.parts, bar.whole, Math.min(room, MOST_BAR)), '  ', bar.figures]]
}

function harvestLines(summary: Summary, width: number): readonly Line[] {
  const { availableCoreSeconds, harvestedCoreSeconds, share } = summary.harvest
  const used = coreTimeText(harvestedCoreSeconds, availableCoreSeconds)
  return [
    ...labelled('Harvested', `${used} that the application left idle (${percentText(share)})`, width),
    ...savedLines(summary, width),
    ...slowdownLines(summary, width),
    ...costLines(summary, width),
    ...yieldLines(summary, width),
  ]
}

/** Under a second there is nothing to tell. */
function savedLines({ savedSeconds }: Summary, width: number): readonly Line[] {
  if (savedSeconds < 1) return []
  const saved = `at least ${formatDuration(savedSeconds)}: so much longer with the tasks after the application`
  return labelled('Saved', saved, width)
}

/** What odop itself took of the job. */
function costLines({ totals: { coreSeconds, memoryBytes } }: Summary, width: number): readonly Line[] {
  const { odop, total } = coreSeconds
  if (total === 0) return []
  const share = Number(((odop / total) * 100).toFixed(2))
  const cost = `${formatDuration(odop)} of CPU time (${share}%) and at most ${formatSize(memoryBytes.odopPeak)} of memory, for odop itself`
  return labelled('Cost', cost, width)
}

/** With a different answer for some nodes, each has its own. */
function yieldLines({ nodes }: Summary, width: number): readonly Line[] {
  const answers = new Map<string, string[]>()
  for (const node of nodes) {
    const why = node.yieldReason === null ? '' : `: ${printable(node.yieldReason)}`
    const answer = `${yieldText(node.yield)}${why}`
    answers.set(answer, [...(answers.get(answer) ?? []), node.name])
  }
  return [...answers].flatMap(([answer, names]) => {
    const where = answers.size === 1 ? '' : `${counted(names.length, 'node')} (${names[0]}): `
    return labelled('Yield', `${printable(where)}${answer}`, width)
  })
}

function taskLines(tasks: readonly TaskSummary[], width: number): readonly Line[] {
  if (tasks.length === 0) return []
  const table = tableLines(tasks.slice(0, MOST_TASKS), taskColumns(tasks), width)
  return [[], ...table, ...moreLine(tasks.length - MOST_TASKS, 'task', 'summary.json')]
}

/** Most important first: a narrow terminal loses the last ones. */
function taskColumns(tasks: readonly TaskSummary[]): readonly Column<TaskSummary>[] {
  const rare = (['timeout', 'cancelled'] as const).filter(key => tasks.some(task => task[key] > 0))
  return [
    { head: 'Task', align: 'left', text: task => printable(task.name) },
    { head: 'Completed', align: 'right', text: task => String(task.completed) },
    countColumn('Failed', task => task.failed),
    ...rare.map(key => countColumn(key === 'timeout' ? 'Timeout' : 'Cancelled', task => task[key])),
    countColumn('Left', task => task.left),
    { head: 'Attempts', align: 'right', text: task => String(task.attempts) },
    { head: 'Time', align: 'right', text: task => formatDuration(task.wallSeconds) },
    { head: 'Wait (max)', align: 'right', text: waitText },
    { head: 'CPU', align: 'right', text: task => formatDuration(task.cpuSeconds) },
    { head: 'Memory', align: 'right', text: task => formatSize(task.peakMemoryBytes) },
  ]
}

/** A count that a user should look at when it is not 0. */
function countColumn(head: string, count: (task: TaskSummary) => number): Column<TaskSummary> {
  const style = head === 'Left' ? 'yellow' : 'red'
  return {
    head,
    align: 'right',
    text: task => String(count(task)),
    style: task => (count(task) > 0 ? style : null),
  }
}

function waitText({ waitSeconds: { median, max } }: TaskSummary): string {
  return median === null || max === null ? '-' : `${formatDuration(median)} (${formatDuration(max)})`
}

function adviceLines(advice: readonly string[], width: number): readonly Line[] {
  if (advice.length === 0) return []
  const shown = advice.slice(0, MOST_NOTES).flatMap(text => bulletLines(printable(text), width))
  return [
    [],
    [styled('bold', 'Advice')],
    ...shown,
    ...moreLine(advice.length - MOST_NOTES, 'piece', 'summary.json'),
  ]
}

function noteLines(notes: readonly string[], width: number): readonly Line[] {
  if (notes.length === 0) return []
  const shown = notes.slice(0, MOST_NOTES).flatMap(note => bulletLines(printable(note), width))
  return [
    [],
    [styled('bold', 'Notes')],
    ...shown,
    ...moreLine(notes.length - MOST_NOTES, 'note', 'summary.json'),
  ]
}

function folderLines(folder: string | null, width: number): readonly Line[] {
  return folder === null ? [] : [[], ...labelled('Run folder', printable(folder), width)]
}

function timeText(iso: string): string {
  return utcText(Date.parse(iso))
}
