import { announce, announced } from './app/announcement.ts'
import { catchSignals } from './app/caught-signals.ts'
import { exitCodeOf } from './app/exit-code.ts'
import { launchApplication } from './app/launch.ts'
import { readLaunchContext } from './app/launch-context.ts'
import { noteChildren, reapOrphans } from './app/orphans.ts'
import { forwardSignals } from './app/signals.ts'
import { startAgentsEarly } from './cluster/early-agents.ts'
import type { Flags } from './config.ts'
import { systemCalls } from './os/system-calls.ts'
import type { SuperviseRequest } from './supervisor/request.ts'
import { supervise } from './supervisor/supervise.ts'

/**
 * `odop run`: launch → supervise (configure, load tasks, watch, loop) → drain → report.
 *
 * The application comes first in every sense: it is launched before anything else of odop is loaded, nothing that fails
 * in `supervise` reaches it, and its exit code is the result.
 */
export async function run(request: SuperviseRequest): Promise<number> {
  const launchedAt = Date.now()
  const launchContext = readLaunchContext(process.env, process.pid)
  const caught = catchSignals()
  // Before the launch: what the application daemonises stays below odop, and can be told from other processes.
  systemCalls()?.becomeSubreaper()
  const children = noteChildren()
  const { command } = request
  const { environment } = launchContext
  const announcement = announce({ command, environment, name: request.flags.name ?? null, launchedAt })
  const application = launchApplication({
    command,
    environment: announced(environment, announcement),
    launchContext,
  })
  reapOrphans(children, application.pid)
  const signals = forwardSignals({
    caught,
    application,
    ignoredSignals: launchContext.ignoredSignals,
    hooks: {
      onStop() {},
      onContinue() {},
      onSignal: signal => supervision.signalled(signal),
      onSignalAfterEnd: () => supervision.interrupt(),
    },
  })
  const early = startAgentsEarly({ environment, hostsAreNamed: namesHosts(request.flags) })
  const supervision = supervise({
    request: { ...request, environment },
    application,
    announcement,
    launchedAt,
    witnessPid: signals.witnessPid,
    early,
  })

  const exit = await application.ended
  // Whatever ends odop from here on, it ends with the application's code.
  process.exitCode = exitCodeOf(exit)
  await supervision.end(exit)
  signals.close()
  return process.exitCode
}

function namesHosts({ hosts, hostFile }: Flags): boolean {
  return hosts !== undefined || hostFile !== undefined
}
