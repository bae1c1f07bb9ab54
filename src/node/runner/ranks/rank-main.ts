/** One rank of a function task: a process of its own. Its environment holds the attempt. */
import { writeFileSync } from 'node:fs'
import { systemCalls } from '../../../os/system-calls.ts'
import type { AttemptSpec } from '../../agent.ts'
import { parseCoreList } from '../../observe/topology.ts'
import { progressFile } from '../command.ts'
import { type ContextOptions, createContext, Scratch } from '../context.ts'
import { errorDetails } from '../error-text.ts'
import { enter } from '../perform.ts'
import { type Progress, ProgressTeller } from '../progress.ts'
import { pinTo } from '../settle.ts'
import { TaskModules } from '../task-modules.ts'
import { takeSpec } from './spec-variables.ts'

const abort = new AbortController()
process.on('SIGTERM', () => abort.abort())
// Without a handler the first two end Node, and the last one opens a port.
for (const signal of ['SIGINT', 'SIGHUP', 'SIGUSR1'] as const) process.on(signal, () => {})

void execute(takeSpec(process.env))

async function execute(told: AttemptSpec): Promise<void> {
  const { ODOP_NODE: node = told.node, ODOP_CORES: cores = '', ODOP_RANK: number = '0' } = process.env
  const rank = Number(number)
  const isFirst = node === told.node && process.env['ODOP_LOCAL_RANK'] === '0'
  const spec = { ...told, node, cores: parseCoreList(cores) }
  const native = systemCalls()
  // Without taskset.
  if (native !== null && spec.cores.length > 0) pinTo(native, spec.cores)
  const scratch = new Scratch(`${spec.scratch}-rank${rank}`)
  const log = (text: string) => void process.stdout.write(`rank ${rank}: ${text}\n`)
  const progress = new ProgressTeller(said => {
    if (isFirst) tell(progressFile(told.scratch), said)
  })
  const failure = await perform(spec, { scratch, rank, log, progress }).catch(errorDetails)
  progress.close()
  scratch.remove()
  if (failure !== null) log(failure)
  // What is written to a pipe may not be out yet.
  process.stdout.write('', () => process.exit(failure === null ? 0 : 1))
}

/** As a program does. The file is its runner's, on the same node; where it can't be written, nobody is told. */
function tell(file: string, { fraction, text }: Progress): void {
  try {
    writeFileSync(file, `${fraction} ${text ?? ''}\n`)
  } catch {
    // Its runner is gone, or the disk is full.
  }
}

interface RankOptions {
  readonly scratch: Scratch
  readonly rank: number
  readonly log: (text: string) => void
  readonly progress: ProgressTeller
}

/** Returns why it could not be called; rejects with what it throws. */
async function perform(spec: AttemptSpec, options: RankOptions): Promise<string | null> {
  const unusable = enter(spec.cwd)
  if (unusable !== null) return unusable
  const found = await new TaskModules(() => {}).find(spec.task)
  if (found.task === null)
    return found.error === null ? `this task is not in ${spec.task.module}` : errorDetails(found.error)
  const progress: ContextOptions['progress'] = (fraction, text) => options.progress.report(fraction, text)
  await found.task.run?.(createContext(spec, { ...options, progress, signal: abort.signal }))
  return null
}
