import os from 'node:os'
import { type Configuration, loadConfiguration, settingsOf } from '../config.ts'
import type { NodeFacts, Settings } from '../core/model.ts'
import { describeNode } from '../node/observe/allocation.ts'
import { writeStderr } from '../os/stderr.ts'
import { addDetails } from '../views/details.ts'
import { configurationProblemText } from '../views/problems-text.ts'
import { recordLaunch } from './launch-events.ts'
import { createRecorder, type Recorder } from './recorder.ts'
import type { SuperviseOptions } from './request.ts'
import { openRunStore, type RunStore } from './run-store.ts'

/** What everything else needs: what was asked for, where we are, and where it is kept. */
export interface Prepared {
  readonly configuration: Configuration
  /** False: odop only measures. */
  readonly executes: boolean
  readonly facts: NodeFacts
  readonly settings: Settings
  readonly store: RunStore
  readonly recorder: Recorder
  readonly now: () => number
}

/** Reads the configuration, looks at the node, opens the run's folder, and records that a launch has begun. */
export async function prepare(options: SuperviseOptions): Promise<Prepared> {
  const { request } = options
  const now = () => Date.now()
  const { configuration, problems } = await loadConfiguration({ ...request, file: request.configFile })
  const facts = describeNode({
    name: os.hostname(),
    env: request.environment,
    excludeCores: configuration.excludeCpus,
    reserveCores: configuration.reserveCores,
  })
  const settings = settingsOf(configuration, facts.memoryLimitBytes)
  const warn = (text: string) => recorder.note('warning', text)
  const store = await openRunStore({ request, configuration, now, warn })
  const recorder: Recorder = createRecorder({
    journal: store.journal,
    state: store.state,
    now,
    say: writeStderr,
  })
  recorder.listen(event => addDetails(store.details, event))
  recordLaunch({ ...options, recorder, configuration, settings, facts, store })
  for (const text of [...store.warnings, ...problems.map(configurationProblemText)]) warn(text)
  // Without a valid configuration it is not known what the user wants: then odop only measures.
  const executes = request.mode !== 'monitor' && !configuration.noTasks && problems.length === 0
  if (problems.length > 0) warn('the application runs without tasks until that is mended')
  return { configuration, executes, facts, settings, store, recorder, now }
}
