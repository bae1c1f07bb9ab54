import os from 'node:os'
import { type Configuration, loadConfiguration } from '../config.ts'
import type { NodeFacts } from '../core/model.ts'
import { formatSize } from '../core/units.ts'
import { unreachable } from '../core/unreachable.ts'
import { describeNode } from '../node/observe/allocation.ts'
import { type GpuLook, lookAtGpus } from '../node/observe/gpus/look-once.ts'
import { readProc } from '../os/proc.ts'
import { systemCalls } from '../os/system-calls.ts'
import { version } from '../version.ts'
import { printable } from '../views/printable.ts'
import { configurationProblemText } from '../views/problems-text.ts'
import { percentText } from '../views/units.ts'
import { yieldText } from '../views/yield-text.ts'
import { doctorNotes } from './doctor-notes.ts'
import { print } from './print.ts'

export interface DoctorRequest {
  readonly cwd: string
  readonly environment: Readonly<Record<string, string | undefined>>
}

/** Tells what odop finds here, and what follows from it. Exit code 1: something needs to be done. */
export async function printDoctor({ cwd, environment }: DoctorRequest): Promise<number> {
  const { configuration, problems, notes } = await loadConfiguration({
    cwd,
    environment,
    flags: {},
    file: null,
  })
  const facts = describeNode({
    name: os.hostname(),
    env: environment,
    excludeCores: configuration.excludeCpus,
    reserveCores: configuration.reserveCores,
  })
  const gpus = gpuLine(await lookAtGpus(environment))
  const lines = [...programLines(configuration), ...nodeLines(facts), gpus, ...yieldLines(facts)]
  const width = Math.max(...lines.map(([label]) => label.length))
  print(lines.map(([label, text]) => `${label.padEnd(width)}  ${text}\n`).join(''))
  for (const text of [...notes, ...doctorNotes(readProc)]) print(`note: ${printable(text)}\n`)
  for (const problem of problems) print(`problem: ${configurationProblemText(problem)}\n`)
  return problems.length === 0 && facts.usableCores.length > 0 ? 0 : 1
}

type LabelledLine = readonly [label: string, text: string]

function programLines({ odopPath, file, policy }: Configuration): LabelledLine[] {
  const native = systemCalls() !== null
  return [
    ['odop', `${version()} on Node ${process.version}`],
    ['configuration', file ?? 'no file, only defaults, ODOP_* variables and flags'],
    ['order of the queue', policy],
    ['runs are kept in', odopPath],
    [
      'system calls',
      native ? 'native' : 'koffi does not load here: util-linux is used instead, and runners are not kept',
    ],
  ]
}

function nodeLines({ name, cores, usableCores, topology, memoryLimitBytes }: NodeFacts): LabelledLine[] {
  const sockets = new Set(topology.map(({ socket }) => socket)).size
  const physical = new Set(topology.map(({ siblings }) => siblings.join())).size
  return [
    ['node', `${name}, ${os.platform()} ${os.release()}`],
    [
      'cores of the job',
      `${cores.length} (${cores.join(',')}), ${physical} physical on ${sockets} ${sockets === 1 ? 'socket' : 'sockets'}`,
    ],
    [
      'usable for tasks',
      usableCores.length === 0 ? 'none: everything is excluded or reserved' : usableCores.join(','),
    ],
    ['memory of the job', formatSize(memoryLimitBytes)],
  ]
}

function gpuLine(look: GpuLook): LabelledLine {
  const label = 'GPUs of the job'
  switch (look.kind) {
    case 'no-tool':
      return [label, 'none: there is neither nvidia-smi nor rocm-smi in the PATH']
    case 'failed':
      return [label, `not known: ${look.program}: ${look.problem}`]
    case 'seen': {
      const { gpus, there, maker } = look
      const of = gpus.length === there ? '' : ` of the ${there} here`
      const list = gpus.map(({ index, memoryBytes, useShare }) => {
        const memory = memoryBytes === null ? [] : [formatSize(memoryBytes)]
        const use = useShare === null ? [] : [`in use ${percentText(useShare)}`]
        const known = [...memory, ...use]
        return known.length === 0 ? String(index) : `${index} (${known.join(', ')})`
      })
      return [label, gpus.length === 0 ? `none${of}` : `${gpus.length}${of} (${maker}): ${list.join(', ')}`]
    }
    default:
      return unreachable(look)
  }
}

/** What decides how cores are given back: see docs/architecture.md. */
function yieldLines({ yieldMode, yieldReason }: NodeFacts): LabelledLine[] {
  const autogroup = readProc('/proc/sys/kernel/sched_autogroup_enabled')?.trim()
  const grouping =
    autogroup === undefined
      ? 'the kernel does not group sessions'
      : autogroup === '1'
        ? 'the kernel groups sessions: tasks stay in the application’s session'
        : 'the kernel could group sessions, and is told not to'
  return [
    ['cores are given back', yieldText(yieldMode)],
    ['because', yieldReason ?? 'nothing else is known'],
    ['tasks run at', 'SCHED_IDLE, nice 19, idle I/O class'],
    [
      'otherwise',
      'an application that leaves the session or the CPU control group is followed: see the summary',
    ],
    ['sessions', grouping],
  ]
}
