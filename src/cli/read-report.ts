import { taskOf } from '../core/ids.ts'
import { readJournal } from '../journal/journal-reader.ts'
import { readMetrics } from '../journal/metrics-reader.ts'
import type { RunPaths } from '../journal/run-paths.ts'
import { type CoreUse, CoreUses } from '../views/report/core-use.ts'
import { draftReport, type Report, type ReportDraft } from '../views/report/report.ts'
import { RunLog } from '../views/report/run-log.ts'

export interface ReadReportOptions {
  readonly paths: RunPaths
  readonly alive: boolean
  readonly now: number
}

/** A run's journal, read for a report; null: it holds no launch. The metrics are read only where they are needed. */
export async function readDraft(
  { paths, alive, now }: ReadReportOptions,
  { items = false } = {},
): Promise<{ readonly draft: ReportDraft; readonly log: RunLog } | null> {
  const log = new RunLog({ items })
  await readJournal(paths.journal, event => log.take(event), { lastUsage: true })
  const attemptLog = (attempt: string) => paths.attemptLog(taskOf(attempt), attempt)
  const draft = draftReport(log, { now, alive, attemptLog })
  return draft === null ? null : { draft, log }
}

/** Node by node, so that the memory it takes does not depend on how long the run was. */
export async function finishReport(
  { state, timeline, finish }: ReportDraft,
  paths: RunPaths,
): Promise<Report> {
  for (const facts of state.nodes.values()) {
    await readMetrics(paths.metrics(facts.name), timeline.node(facts), { withCores: timeline.needsCores })
  }
  return finish()
}

/** What each core did in the last launch. */
export async function readCoreUses(
  { state, attempts, start, end }: ReportDraft,
  paths: RunPaths,
): Promise<Iterable<CoreUse>> {
  const uses = new CoreUses([...state.nodes.values()], start)
  for (const facts of state.nodes.values()) {
    await readMetrics(paths.metrics(facts.name), uses.node(facts), { withCores: true })
  }
  return uses.finish(attempts, end)
}
