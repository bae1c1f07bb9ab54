import { readFile } from 'node:fs/promises'
import os from 'node:os'
import { agentProgram } from '../cluster/agent-program.ts'
import { hostsIn } from '../cluster/host-file.ts'
import { type ClusterPlan, planCluster } from '../cluster/plan.ts'
import { type Configuration, loadConfiguration, settingsOf } from '../config.ts'
import type { NodeFacts, Settings } from '../core/model.ts'
import { describeNode } from '../node/observe/allocation.ts'
import { findGpuPrograms, type GpuPrograms } from '../node/observe/gpus/find-tools.ts'
import { runsInAnotherGroup } from '../node/observe/sessions.ts'
import { OWN_SESSION } from '../node/observe/yield-layer.ts'
import { writeStderr } from '../os/stderr.ts'
import { addDetails } from '../views/details.ts'
import { printable } from '../views/printable.ts'
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
  /** What is wrong with the configuration, so that odop only measures; null: nothing. */
  readonly problem: string | null
  /** null: there is no other node, and no job. */
  readonly cluster: ClusterPlan | null
  /** Of this node. */
  readonly facts: NodeFacts
  /** The application is in another session already, as the ranks of srun are: attempts are not to run in odop's. */
  readonly sessionLeft: boolean
  /** Which tell of this node's GPUs; null: there are none. */
  readonly gpuPrograms: GpuPrograms | null
  readonly settings: Settings
  readonly store: RunStore
  readonly recorder: Recorder
  readonly now: () => number
}

/** Reads the configuration, looks at the node, opens the run's folder, and records that a launch has begun. */
export async function prepare(options: SuperviseOptions): Promise<Prepared> {
  const { request } = options
  const now = () => Date.now()
  const { configuration, problems, notes } = await loadConfiguration({
    ...request,
    file: request.configFile,
    values: request.configValues,
  })
  const fromFile = await hostsOfFile(configuration.hostFile)
  const plan = planCluster({
    environment: request.environment,
    hosts: [...configuration.hosts, ...fromFile.hosts],
    thisHost: os.hostname(),
    program: agentProgram(),
  })
  const cluster = plan !== null && 'problem' in plan ? null : plan
  const pid = options.application?.pid ?? null
  const sessionLeft = (cluster?.jobs.length ?? 0) > 0 || (pid !== null && runsInAnotherGroup(pid))
  const isOurs = cluster === null || cluster.thisNode !== null
  const gpuPrograms = isOurs ? await findGpuPrograms(request.environment) : null
  const here = {
    ...factsHere(cluster, options, configuration),
    ...(gpuPrograms === null ? { gpus: [] } : {}),
  }
  const left = { ownSessions: true, yieldReason: OWN_SESSION }
  const facts = sessionLeft && here.yieldMode === 'kernel' ? { ...here, ...left } : here
  const settings = settingsOf(configuration, facts.memoryLimitBytes)
  const warn = (text: string) => recorder.note('warning', text)
  const store = await openRunStore({ ...options, configuration, now, warn })
  const recorder: Recorder = createRecorder({
    journal: store.journal,
    state: store.state,
    now,
    say: writeStderr,
  })
  recorder.listen(event => addDetails(store.details, event))
  if (options.onEvent) recorder.listen(options.onEvent)
  recordLaunch({ ...options, recorder, configuration, settings, facts, store })
  for (const text of [...store.warnings, ...problems.map(configurationProblemText)]) warn(text)
  for (const text of notes) tell(recorder, text, configuration.quiet)
  if (fromFile.problem !== null) warn(fromFile.problem)
  if (plan !== null && 'problem' in plan) warn(`only this node is used: ${plan.problem}`)
  // Without a valid configuration it is not known what the user wants: then odop only measures.
  const executes = request.mode !== 'monitor' && !configuration.noTasks && problems.length === 0
  if (problems.length > 0) warn('the application runs without tasks until that is mended')
  const problem = problems[0] === undefined ? null : configurationProblemText(problems[0])
  return {
    configuration,
    executes,
    problem,
    cluster,
    facts,
    sessionLeft,
    gpuPrograms,
    settings,
    store,
    recorder,
    now,
  }
}

/** Nothing is wrong: who wants quiet finds it in the summary's file. */
function tell(recorder: Recorder, text: string, quiet: boolean): void {
  recorder.note('info', text)
  if (!quiet) writeStderr(`odop: ${printable(text)}\n`)
}

async function hostsOfFile(file: string | null): Promise<{ hosts: string[]; problem: string | null }> {
  if (file === null) return { hosts: [], problem: null }
  try {
    return { hosts: hostsIn(await readFile(file, 'utf8')), problem: null }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    return { hosts: [], problem: `only this node is used: the host file can't be read: ${reason}` }
  }
}

/** A login node from which a job is used has cores, but none that are ours. */
function factsHere(
  cluster: ClusterPlan | null,
  { request }: SuperviseOptions,
  { excludeCpus, reserveCores }: Configuration,
): NodeFacts {
  const facts = describeNode({
    name: cluster?.thisNode ?? os.hostname(),
    env: request.environment,
    excludeCores: excludeCpus,
    reserveCores,
  })
  const isOurs = cluster === null || cluster.thisNode !== null
  return isOurs ? facts : { ...facts, cores: [], usableCores: [], topology: [] }
}
