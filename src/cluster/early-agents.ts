import os from 'node:os'
import { agentProgram } from './agent-program.ts'
import { type Launcher, startLauncher } from './launcher.ts'
import { type PlannedChannel, planCluster } from './plan.ts'

/** Launchers of agents that were started right behind the application: while odop itself is still being loaded. */
export interface EarlyAgents {
  readonly pids: readonly number[]
  /** The launcher of just this command, which is the caller's from now on; null: there is none. */
  take(planned: PlannedChannel): Launcher | null
  /** Ends those that nobody has taken. */
  close(): void
}

export interface EarlyAgentsOptions {
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Other hosts than those of the job were asked for on the command line. */
  readonly hostsAreNamed: boolean
}

/**
 * Agents on the other nodes of a Slurm job take longest of all to start, above all beside an application that keeps the
 * cores. What a configuration file says is not known yet: if it names other hosts, these agents are not taken.
 */
export function startAgentsEarly({ environment, hostsAreNamed }: EarlyAgentsOptions): EarlyAgents {
  const launchers = hostsAreNamed ? new Map() : startLaunchers(environment)
  return {
    pids: [...launchers.values()].flatMap(({ pid }) => pid ?? []),
    take(planned) {
      const launcher = launchers.get(keyOf(planned)) ?? null
      launchers.delete(keyOf(planned))
      return launcher
    },
    close() {
      // Agents end when their end of the channel closes.
      for (const launcher of launchers.values()) launcher.stdin.end()
      launchers.clear()
    },
  }
}

function startLaunchers(environment: EarlyAgentsOptions['environment']): Map<string, Launcher> {
  if (environment['ODOP_HOSTS'] || environment['ODOP_HOST_FILE']) return new Map()
  const plan = planCluster({ environment, hosts: [], thisHost: os.hostname(), program: agentProgram() })
  const channels = plan === null || 'problem' in plan ? [] : plan.channels
  return new Map(channels.map(planned => [keyOf(planned), startLauncher(planned)]))
}

function keyOf({ command }: PlannedChannel): string {
  return JSON.stringify(command)
}
