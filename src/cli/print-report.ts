import path from 'node:path'
import { loadConfiguration } from '../config.ts'
import { listRuns } from '../journal/list-runs.ts'
import { runPaths } from '../journal/run-paths.ts'
import { replaceFile } from '../os/replace-file.ts'
import { writeStderr } from '../os/stderr.ts'
import { closest } from '../validation/did-you-mean.ts'
import { TABLES, type Table } from '../views/report/report-tables.ts'
import { noSuchRunText } from '../views/runs-text.ts'
import { print } from './print.ts'
import { FORMATS, type Format, reportContent } from './report-content.ts'
import { terminal } from './terminal.ts'

export interface PrintReportRequest {
  /** null: the newest. */
  readonly run: string | null
  /** null: text. */
  readonly format: string | null
  /** null: stdout, and for html the run's folder. */
  readonly output: string | null
  /** null: attempts. */
  readonly table: string | null
  readonly cwd: string
  readonly environment: Readonly<Record<string, string | undefined>>
}

/** Exit code 1: there is no such run, or it could not be written; 2: a usage error. */
export async function printReport(request: PrintReportRequest): Promise<number> {
  const { cwd, environment } = request
  const asked = readRequest(request)
  if ('problem' in asked) return failed(asked.problem, 2)
  const { configuration } = await loadConfiguration({ cwd, environment, flags: {}, file: null })
  const runs = await listRuns(configuration.odopPath, Date.now())
  const listed = request.run === null ? runs[0] : runs.find(({ name }) => name === request.run)
  if (listed === undefined) return failed(noSuchRunText(request.run, runs, configuration.odopPath), 1)
  const paths = runPaths(configuration.odopPath, listed.name)
  const file = outputFile(request, asked.format, paths.report)
  const content = await reportContent({
    ...asked,
    paths,
    alive: listed.state === 'live',
    now: Date.now(),
    file,
    text: file === null ? terminal(environment) : { width: 80, colour: false },
  })
  if (content === null) return failed(`the journal of ${listed.name} holds no launch`, 1)
  if (file === null) {
    print(content)
    return 0
  }
  return writeTo(file, content)
}

type Asked = { readonly format: Format; readonly table: Table }

function readRequest({ format, table }: PrintReportRequest): Asked | { readonly problem: string } {
  const [asked, rows] = [format ?? 'text', table ?? 'attempts']
  if (!isOneOf(FORMATS, asked)) return { problem: expected('--format', FORMATS, asked) }
  if (!isOneOf(TABLES, rows)) return { problem: expected('--table', TABLES, rows) }
  if (table !== null && asked !== 'csv')
    return { problem: `--table is for --format csv, got --format ${asked}` }
  return { format: asked, table: rows }
}

function isOneOf<Name extends string>(names: readonly Name[], name: string): name is Name {
  return names.some(each => each === name)
}

function expected(option: string, names: readonly string[], got: string): string {
  const meant = closest(got, names)
  return `expected ${option} to be one of ${names.join(', ')}, got '${got}'${meant === null ? '' : `: did you mean ${meant}?`}`
}

function outputFile({ output, cwd }: PrintReportRequest, format: Format, page: string): string | null {
  if (output === '-') return null
  if (output !== null) return path.resolve(cwd, output)
  return format === 'html' ? page : null
}

async function writeTo(file: string, content: string): Promise<number> {
  try {
    await replaceFile(file, content)
  } catch (error) {
    return failed(`the report could not be written: ${(error as Error).message}`, 1)
  }
  print(`wrote ${file}\n`)
  return 0
}

function failed(problem: string, code: number): number {
  writeStderr(`odop: ${problem}\n`)
  return code
}
