import { appendFileSync, existsSync } from 'node:fs'
import { catchSignals } from '../../src/app/caught-signals.ts'
import { exitCodeOf } from '../../src/app/exit-code.ts'
import { launchApplication } from '../../src/app/launch.ts'
import { readLaunchContext } from '../../src/app/launch-context.ts'
import { forwardSignals } from '../../src/app/signals.ts'

/**
 * The application's part of `odop run`, alone: `odop [--hooks FILE] [--pause] [--linger] [--shell SHELL] -- COMMAND…`.
 *
 * `--hooks` gets a line for whatever happens, `--pause` waits before the launch until `FILE.go` exists, `--linger` stays
 * until a signal asks for an end.
 */
const dashes = process.argv.indexOf('--')
const options = process.argv.slice(2, dashes)
const hooksFile = optionValue('--hooks')

const caught = catchSignals()
tell('catching')
if (options.includes('--pause')) await new Promise<void>(resolve => waitForGo(resolve))
const launchContext = readLaunchContext(process.env, process.pid)
const application = launchApplication({
  command: process.argv.slice(dashes + 1),
  environment: launchContext.environment,
  launchContext,
})
let endLinger = () => {}
const lingering = new Promise<void>(resolve => {
  endLinger = resolve
})
const shell = optionValue('--shell')
const forwarding = forwardSignals({
  caught,
  application,
  ignoredSignals: launchContext.ignoredSignals,
  ...(shell === undefined ? {} : { shell }),
  hooks: {
    onStop: () => tell('stop'),
    onContinue: () => tell('continue'),
    onSignal: () => {},
    onSignalAfterEnd: signal => {
      tell(`after end ${signal}`)
      endLinger()
    },
  },
})
tell(`application ${application.pid}`)
tell(`witness ${forwarding.witnessPid()}`)
const exit = await application.ended
tell('ended')
if (options.includes('--linger')) {
  const alive = setInterval(() => {}, 1000)
  await lingering
  clearInterval(alive)
}
forwarding.close()
process.exitCode = exitCodeOf(exit)

function optionValue(option: string): string | undefined {
  const at = options.indexOf(option)
  return at === -1 ? undefined : options[at + 1]
}

function tell(line: string): void {
  if (hooksFile !== undefined) appendFileSync(hooksFile, `${line}\n`)
}

function waitForGo(resolve: () => void): void {
  if (existsSync(`${hooksFile}.go`)) resolve()
  else setTimeout(waitForGo, 5, resolve)
}
