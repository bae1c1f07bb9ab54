/** The process that makes a run's page at its end; its argument is the run's folder. */
import { setPriority } from 'node:os'
import path from 'node:path'
import { runPaths } from '../journal/run-paths.ts'
import { replaceFile } from '../os/replace-file.ts'
import { reportContent } from './report-content.ts'

/** odop ends it sooner; where odop is gone it ends itself. */
const LIMIT_MILLISECONDS = 5000

setTimeout(() => process.exit(1), LIMIT_MILLISECONDS).unref()
setPriority(19)
void writePage(process.argv[2] ?? '')

async function writePage(folder: string): Promise<void> {
  const paths = runPaths(path.resolve(folder, '../..'), path.basename(folder))
  const content = await reportContent({
    paths,
    format: 'html',
    table: 'attempts',
    alive: false,
    now: Date.now(),
    file: paths.report,
    text: { width: 80, colour: false },
  })
  if (content !== null) await replaceFile(paths.report, content)
}
