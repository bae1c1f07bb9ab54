import { isatty } from 'node:tty'
import type { Configuration } from '../config.ts'
import { taskOf } from '../core/ids.ts'
import type { RunPaths } from '../journal/run-paths.ts'
import { replaceFile } from '../os/replace-file.ts'
import { writeStderr } from '../os/stderr.ts'
import { summarize } from '../views/summary.ts'
import type { Summary } from '../views/summary-schema.ts'
import { summaryText } from '../views/summary-text.ts'
import type { Recorder } from './recorder.ts'
import type { RunStore } from './run-store.ts'
import { within } from './within.ts'

export interface ReportOptions {
  readonly recorder: Recorder
  readonly store: RunStore
  readonly configuration: Configuration
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly now: () => number
}

/** The summary, to stderr and to the run's folder. A file that can't be written is said, and nothing else follows. */
export async function report(options: ReportOptions): Promise<Summary | null> {
  const { store, configuration, environment } = options
  const summary = await keepSummary(options)
  if (summary !== null && !configuration.quiet) {
    const folder = store.kept ? store.paths.folder : null
    writeStderr(`\n${summaryText(summary, { ...terminal(environment), folder })}`)
  }
  return summary
}

/** Only to the run's folder, where a later one replaces it. null: nothing was launched. */
export async function keepSummary({
  recorder,
  store,
  configuration,
  now,
}: Omit<ReportOptions, 'environment'>): Promise<Summary | null> {
  const summary = summarize(recorder.state, {
    now: now(),
    details: store.details,
    attemptLog: store.kept ? attempt => store.paths.attemptLog(taskOf(attempt), attempt) : null,
  })
  if (summary === null) return null
  const files = store.kept ? filesIn(store.paths, summary) : []
  if (configuration.summary !== null) files.push([configuration.summary, jsonText(summary)])
  const problem = await writeAll(files)
  // One full disk is one warning.
  if (problem !== null && !store.hasFailed()) {
    writeStderr(`odop: the summary could not be written: ${problem}\n`)
  }
  return summary
}

function filesIn(
  { folder, summaryJson, summaryText: textFile }: RunPaths,
  summary: Summary,
): [string, string][] {
  return [
    [summaryJson, jsonText(summary)],
    [textFile, summaryText(summary, { width: 80, colour: false, folder })],
  ]
}

function jsonText(summary: Summary): string {
  return `${JSON.stringify(summary, null, 2)}\n`
}

const WRITE_MILLISECONDS = 5000

/** The first problem; null: there was none. */
async function writeAll(files: readonly [file: string, content: string][]): Promise<string | null> {
  const problems: string[] = []
  const written = files.map(([file, content]) =>
    replaceFile(file, content).catch((error: unknown) => {
      problems.push(error instanceof Error ? error.message : String(error))
    }),
  )
  const inTime = await within(WRITE_MILLISECONDS, Promise.all(written))
  return problems[0] ?? (inTime ? null : 'the file system does not answer')
}

/** `process.stderr` is touched only here, when the application no longer shares the terminal. */
function terminal(environment: ReportOptions['environment']): { width: number; colour: boolean } {
  if (!isatty(2)) return { width: 80, colour: false }
  const colour = !environment['NO_COLOR'] && environment['TERM'] !== 'dumb'
  return { width: process.stderr.columns ?? 80, colour }
}
