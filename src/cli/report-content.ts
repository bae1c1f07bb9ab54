import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { taskOf } from '../core/ids.ts'
import type { RunPaths } from '../journal/run-paths.ts'
import { version } from '../version.ts'
import type { TextOptions } from '../views/lines.ts'
import { figureSvg } from '../views/report/figure-svg.ts'
import { pageHtml } from '../views/report/page/page.ts'
import type { ReportDraft } from '../views/report/report.ts'
import { reportJson } from '../views/report/report-json.ts'
import { attemptsCsv, coresCsv, itemsCsv, nodesCsv, type Table } from '../views/report/report-tables.ts'
import type { LoggedAttempt, RunLog } from '../views/report/run-log.ts'
import { summaryText } from '../views/summary-text.ts'
import { readTails } from './log-tails.ts'
import { finishReport, readCoreUses, readDraft } from './read-report.ts'

export const FORMATS = ['text', 'html', 'svg', 'json', 'csv'] as const
export type Format = (typeof FORMATS)[number]

export interface ReportContentOptions {
  readonly paths: RunPaths
  readonly format: Format
  readonly table: Table
  readonly alive: boolean
  readonly now: number
  /** Where it will be written: a page's links to logs are relative to it; null: stdout. */
  readonly file: string | null
  readonly text: TextOptions
}

/** The report in the format that is asked for; null: the run's journal holds no launch. */
export async function reportContent(options: ReportContentOptions): Promise<string | null> {
  const { paths, format, table } = options
  const read = await readDraft(options, { items: format === 'csv' && table === 'items' })
  if (read === null) return null
  const { draft, log } = read
  switch (format) {
    case 'text':
      return summaryText(draft.summary, { ...options.text, folder: paths.folder })
    case 'csv':
      return csvContent(options, draft, log)
    case 'json':
      return `${JSON.stringify(reportJson(await finishReport(draft, paths)))}\n`
    case 'svg':
      return figureSvg(await finishReport(draft, paths))
    case 'html':
      return pageContent(options, draft)
    default:
      return format satisfies never
  }
}

async function csvContent(
  { table, paths }: ReportContentOptions,
  draft: ReportDraft,
  { attempts, history }: RunLog,
): Promise<string> {
  switch (table) {
    case 'attempts':
      return attemptsCsv(attempts, attempt => paths.attemptLog(taskOf(attempt), attempt))
    case 'items':
      return itemsCsv(history, draft.status)
    case 'nodes':
      return nodesCsv(draft.summary.nodes)
    case 'cores':
      return coresCsv(await readCoreUses(draft, paths))
    default:
      return table satisfies never
  }
}

async function pageContent({ paths, file, now }: ReportContentOptions, draft: ReportDraft): Promise<string> {
  const report = await finishReport(draft, paths)
  const fileOf = ({ task, attempt }: LoggedAttempt) => paths.attemptLog(task, attempt)
  const hrefOf = (attempt: LoggedAttempt) => logLink(fileOf(attempt), file)
  const tails = await readTails(report.attempts, fileOf)
  const program = await readFile(new URL('./report-charts.js', import.meta.url), 'utf8')
  return pageHtml(report, { logs: { hrefOf, tails }, program, version: version(), now })
}

/** Relative where it can be, so that a run's folder can be copied with its report. */
function logLink(log: string, page: string | null): string {
  if (page === null) return pathToFileURL(log).href
  const relative = path.relative(path.dirname(page), log)
  return relative.split(path.sep).map(encodeURIComponent).join('/')
}
