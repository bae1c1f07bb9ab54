import { createHash } from 'node:crypto'
import { utcText } from '../../units.ts'
import type { Report } from '../report.ts'
import { headHtml } from './head.ts'
import { html, scriptJson, trusted } from './html.ts'
import { pageData } from './make-page-data.ts'
import { picturesHtml } from './pictures.ts'
import { style } from './style.ts'
import {
  type AttemptLogs,
  adviceHtml,
  attemptsHtml,
  leftoversHtml,
  nodesHtml,
  notesHtml,
  tasksHtml,
} from './tables.ts'

export interface PageOptions {
  readonly logs: AttemptLogs
  /** The program that draws the pictures, as it was built. */
  readonly program: string
  readonly version: string
  readonly now: number
}

/**
 * The report as one page that needs nothing but itself. Its policy lets a browser run the one program that is part of odop, by its
 * hash, and fetch nothing: whatever a task's name or a log might hold, it stays text.
 */
export function pageHtml(report: Report, { logs, program, version, now }: PageOptions): string {
  const script = inScript(program)
  const hash = createHash('sha256').update(script).digest('base64')
  const policy = `default-src 'none'; style-src 'unsafe-inline'; img-src data: blob:; script-src 'sha256-${hash}'`
  const { markup } = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${trusted(policy)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${report.summary.run} – odop report</title>
<style>${trusted(style)}</style>
</head>
<body>
<main>
<button type="button" class="theme" id="theme" aria-label="Colours: as the system">◐ system</button>
${headHtml(report)}
${adviceHtml(report)}
${picturesHtml(report)}
${tasksHtml(report)}
${leftoversHtml(report)}
${attemptsHtml(report, logs)}
${nodesHtml(report)}
${notesHtml(report)}
<footer><p>Made by odop ${version} at ${utcText(now)} UTC. All times are UTC. Totals are those of summary.json; the pictures show the last launch.</p></footer>
</main>
<script type="application/json" id="data">${scriptJson(pageData(report))}</script>
<script>${trusted(script)}</script>
</body>
</html>
`
  return markup
}

/** A script element ends at the first of these, wherever in the program it stands. */
function inScript(program: string): string {
  return program.replace(/<(?=\/script|!--)/gi, '\\x3c')
}
