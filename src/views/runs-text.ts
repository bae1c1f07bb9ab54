import { formatDuration } from '../core/units.ts'
import { type Line, renderLines, type Style, type TextOptions, usableWidth } from './lines.ts'
import { commandText, printable } from './printable.ts'
import { type Column, tableLines } from './table.ts'
import { utcText } from './units.ts'

/** What `odop runs` tells of a run. */
export interface RunOverview {
  readonly name: string
  /** `interrupted`: its supervisor is gone, but the journal does not end: the next run of this name goes on there. */
  readonly state: 'live' | 'ended' | 'interrupted'
  /** Milliseconds since the epoch, of the last launch; null where the journal does not say. */
  readonly started: number | null
  readonly ended: number | null
  readonly command: readonly string[]
  /** The application's exit; null while it is not known. */
  readonly exit: { readonly code: number | null; readonly signal: string | null } | null
  /** Work items of the whole run; null where the journal was not read. */
  readonly items: { readonly completed: number; readonly left: number } | null
}

/** The table of `odop runs`, in the order given. */
export function runsText(runs: readonly RunOverview[], now: number, options: TextOptions): string {
  if (runs.length === 0) return renderLines([['No runs yet. Start one: odop run -- COMMAND']], options)
  const lines: readonly Line[] = tableLines(runs, columns(now), usableWidth(options))
  return renderLines(lines, options)
}

/** Says which runs there are instead; `run` null: any would do. */
export function noSuchRunText(
  run: string | null,
  runs: readonly { readonly name: string }[],
  odopPath: string,
): string {
  const names = runs.slice(0, 5).map(({ name }) => name)
  if (run === null || names.length === 0) return `there are no runs in ${odopPath}`
  return `there is no run named ${run} in ${odopPath}; the newest are ${names.join(', ')} (odop runs)`
}

function columns(now: number): readonly Column<RunOverview>[] {
  return [
    { head: 'Run', align: 'left', text: run => printable(run.name) },
    { head: 'State', align: 'left', text: run => run.state, style: run => stateStyles[run.state] },
    {
      head: 'Started (UTC)',
      align: 'left',
      text: run => (run.started === null ? '-' : utcText(run.started)),
    },
    { head: 'Time', align: 'right', text: run => timeText(run, now) },
    { head: 'Exit', align: 'right', text: run => exitText(run.exit) },
    { head: 'Completed', align: 'right', text: run => String(run.items?.completed ?? '-') },
    { head: 'Left', align: 'right', text: run => String(run.items?.left ?? '-') },
    { head: 'Command', align: 'left', flexible: true, text: run => commandText(run.command) },
  ]
}

const stateStyles: Readonly<Record<RunOverview['state'], Style | null>> = {
  live: 'green',
  ended: null,
  interrupted: 'yellow',
}

function timeText(run: RunOverview, now: number): string {
  const end = run.ended ?? (run.state === 'live' ? now : null)
  return run.started === null || end === null ? '-' : formatDuration(Math.max(0, end - run.started) / 1000)
}

function exitText(exit: RunOverview['exit']): string {
  return exit === null ? '-' : (exit.signal ?? String(exit.code ?? '-'))
}
