import { readFileSync, writeSync } from 'node:fs'
import { lineIn } from '../source-lines.ts'
import { bindToSupervisor } from './bind.ts'
import { stayUntilKilled } from './end.ts'
import { problemOf } from './failure.ts'
import { type LoaderReport, type LoaderRequest, REPORT_FD } from './protocol.ts'

/**
 * The loader child: executes task modules and configuration files, which are user code, and reports what they define
 * as data. It does not end by itself: `../loader-process.ts` kills it with everything that the modules started.
 */
const request = JSON.parse(readFileSync(0, 'utf8')) as LoaderRequest
let loading: string | null = null

bindToSupervisor({ inBackground: request.kind === 'tasks' && request.inBackground })
guard()
void carryOut(request).then(() => stop('done'))

async function carryOut(request: LoaderRequest): Promise<void> {
  if (request.kind === 'configuration') {
    await load(request.file, async () => {
      const { configurationOf } = await import('./configuration.ts')
      return { type: 'configuration', value: await configurationOf(request.file) }
    })
    return
  }
  const { files, settleSeconds } = request
  const scripts = new Set(request.scripts)
  for (const file of files) {
    const defined = scripts.has(file) ? inScript : inModule
    await load(file, async () => ({ type: 'module', ...(await defined(file, settleSeconds)) }))
  }
}

async function inModule(file: string, settleSeconds: number) {
  const { definedTasks } = await import('./defined-tasks.ts')
  return await definedTasks(file, settleSeconds)
}

async function inScript(file: string, settleSeconds: number) {
  const { scriptTask } = await import('./script-task.ts')
  return scriptTask(file, settleSeconds)
}

/** Settles also when the module waits for something that never happens. */
async function load(file: string, work: () => Promise<LoaderReport>): Promise<void> {
  report({ type: 'begin', file })
  loading = file
  let onIdle = () => {}
  const idle = new Promise<LoaderReport>(resolve => {
    onIdle = () => resolve({ type: 'problem', problem: neverSettles(file) })
    process.once('beforeExit', onIdle)
  })
  const done = work().catch(
    (error: unknown): LoaderReport => ({ type: 'problem', problem: problemOf(error, file) }),
  )
  report(await Promise.race([done, idle]))
  process.off('beforeExit', onIdle)
  loading = null
}

function neverSettles(file: string) {
  const message = 'waits at its top level (`await`) for something that never happens'
  return { file, line: null, field: null, message, fix: 'do the work inside the task’s function' }
}

/** Catches what a module does to the process in which it is loaded. */
function guard(): void {
  process.exit = code => {
    const { stack = '' } = new Error('exit')
    const file = culprit(stack)
    const message = `called process.exit(${code ?? ''}) while it was loaded`
    const fix = 'a task module only defines tasks: move the call into the task’s function, or throw an error'
    report({ type: 'problem', problem: { file, line: lineIn(stack, file), field: null, message, fix } })
    return stop('exit')
  }
  process.on('uncaughtException', error => {
    report({
      type: 'problem',
      problem: problemOf(error, culprit(error instanceof Error ? error.stack : undefined)),
    })
  })
}

/** The module that did it: one that the stack names, which may have been loaded before; else the one that is loaded now. */
function culprit(stack = ''): string {
  const files = request.kind === 'tasks' ? request.files : [request.file]
  return files.find(file => lineIn(stack, file) !== null) ?? loading ?? files.at(-1) ?? ''
}

function report(report: LoaderReport): void {
  writeSync(REPORT_FD, `${JSON.stringify(report)}\n`)
}

function stop(because: 'done' | 'exit'): never {
  report({ type: 'stopped', because })
  return stayUntilKilled()
}
