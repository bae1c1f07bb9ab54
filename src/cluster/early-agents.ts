import os from 'node:os'
import { agentProgram } from './agent-program.ts'
import { type Launcher, startLauncher } from './launcher.ts'
import { type PlannedChannel, planCluster } from './plan.ts'

/** Launchers of agents that are started right behind the application: while odop itself is still being loaded. */
export interface EarlyAgents {
  /** Of those that were started. */
  readonly pids: readonly number[]
  /** The launcher of just this command, which is the caller's from now on; null: there is none, and none will be started. */
  take(planned: PlannedChannel): Launcher | null
  /** Ends those that nobody has taken, and starts no more. */
  close(): void
}

export interface EarlyAgentsOptions {
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Other hosts than those of the job were asked for on the command line. */
  readonly hostsAreNamed: boolean
}

/** By then an srun of the application has asked for its step: where there can be only one, it must be the application's. */
const AFTER_APPLICATION_MS = 50

/**
 * Agents on the other nodes of a Slurm job take longest of all to start, above all beside an application that keeps the
 * cores. What a configuration file says is not known yet: if it names other hosts, these agents are not taken.
 */
export function startAgentsEarly({ environment, hostsAreNamed }: EarlyAgentsOptions): EarlyAgents {
  const launchers = new Map<string, Launcher>()
  const pids: number[] = []
  const start = () => {
    for (const planned of plannedChannels(environment)) {
      const launcher = startLauncher(planned)
      launchers.set(keyOf(planned), launcher)
      if (launcher.pid !== undefined) pids.push(launcher.pid)
    }
  }
  const timer = hostsAreNamed ? undefined : setTimeout(start, AFTER_APPLICATION_MS)
  return {
    pids,
    take(planned) {
      clearTimeout(timer)
      const launcher = launchers.get(keyOf(planned)) ?? null
      launchers.delete(keyOf(planned))
      return launcher
    },
    close() {
      clearTimeout(timer)
      // Agents end when their end of the channel closes.
      for (const launcher of launchers.values()) launcher.stdin.end()
      launchers.clear()
    },
  }
}

function plannedChannels(environment: EarlyAgentsOptions['environment']): readonly PlannedChannel[] {
  if (environment['ODOP_HOSTS'] || environment['ODOP_HOST_FILE']) return []
  const plan = planCluster({ environment, hosts: [], thisHost: os.hostname(), program: agentProgram() })
  return plan === null || 'problem' in plan ? [] : plan.channels
}

function keyOf({ command }: PlannedChannel): string {
  return JSON.stringify(command)
}
