import { existsSync } from 'node:fs'
import path from 'node:path'
import type { ReasonKind } from '../../src/core/reasons.ts'
import { askRun } from '../../src/supervisor/control-client.ts'
import type { Unfinished } from '../../src/triggers/completeness/completion-queue.ts'
import { createRig, odop, type Rig, type Started, type StartOptions, until } from './rig.ts'

/**
 * What a user may be told of work that does not run: the scheduler's reasons, why a file is not complete, what a trigger waits
 * for, and what the views add.
 */
export type Told =
  | ReasonKind
  | Unfinished['why']
  | 'trigger'
  | 'no-folder'
  | 'batch'
  | 'period'
  | 'all-runs'
  | 'taken'
  | 'failed'
  | 'last-failure'
  | 'over'

/**
 * How each is worded. That each is shown by a real run is what `explain.test.ts` checks: a kind that is new to the types has no
 * words here, and one that no test asks for has no test.
 */
export const WORDS: Readonly<Record<Told, RegExp>> = {
  undefined: /no task of this name is defined any more in \/\S+/,
  'never-fits': /can never run here: needs/,
  paused: /harvesting is paused since \d\d:\d\d:\d\d UTC; odop resume r lets tasks run again/,
  depends: /waits until \S+ has nothing left to do \(/,
  replicas: /\d of at most \d at the same time (is|are) running \(replicas\)/,
  'time-left': /the job ends in \S+, and an attempt may take \S+ \(time\)/,
  cores: /needs \d+ free cores? on a node; the most is \d+ \(of \d+: /,
  gpus: /needs (\d idle GPUs? on a node; the most is \d \(of \d: .*\)|a GPU; nothing is known of them yet)/,
  nodes: /needs (\d nodes? with .*; \d of \d ha(s|ve) them|\d+ ranks with .*; there is room for \d+)/,
  memory:
    /needs [\d.]+[MG] of memory; the most that a node has left is|no memory is left besides the reserve of [\d.]+[MG] \(memory-reserve\)/,
  'memory-used':
    /an attempt had used [\d.]+M when memory was short, and it is tried again with a quarter more/,
  ioBound:
    /one ioBound attempt is running already \(io#\d\.1\), and a node takes one at a time \(max-io-bound\)/,
  networkBound:
    /one networkBound attempt is running already \(net#\d\.1\), and a node takes one at a time \(max-network-bound\)/,
  ioPressure:
    /processes are kept waiting for I\/O \d+ % of the time, and nothing ioBound starts from 20 % on/,
  maxCpus: /attempts may use at most one core of a node \(max-cpus\), and hold 1: those of \S+/,
  heldBack: /odop backs off: slowdown .* allowed, .*; attempts may use .* of a node until/,
  kept: /the free cores are kept for \S+, which has waited longer and starts/,
  startable: /\d+ of \d+ can start now/,
  follows: /start next, in the runners of attempts that are about to end/,
  behind: /waits behind \S+/,
  'no-node': /no node has reported yet/,
  bound: /its files are on \S+, which has no room: needs/,
  silent: /its files are on \S+, which reports nothing at present/,
  elsewhere: /its files are on \S+, which has not joined this launch/,
  'more-nodes': /and so on for \d+ more nodes?/,
  retry: /before (it is|they are) tried again/,
  'max-runs': /\d+ more than the \d+ that a run takes \(maxRuns\)/,
  'own-policy':
    /your policy \S+ has (not chosen it yet|chosen it, but what it wants for it is not free at present)/,
  'too-late': /nothing is in the way any more, but the launch ends before they can start/,
  open: /" is not complete: process \d+ \(.*\) has it open for writing/,
  empty: /" is not complete: it has just been made and is still empty/,
  settling: /" is not complete: it must not change for \S+ \(settle\), since who writes to it cannot be seen/,
  unseen: /" is not complete: it is just being looked at/,
  trigger: /nothing is queued: it waits for its trigger \(/,
  'no-folder': /there is no folder "\/.*" yet, and files in it are its trigger/,
  batch: /\d of the \d files of the next work item are complete/,
  period: /the next period ends in/,
  'all-runs': /nothing waits: what is queued runs; the next one waits for its trigger \(/,
  taken: /a run takes \d+ work items? of it \(maxRuns\)/,
  failed: /\d work items? failed \d times? and will not be tried again \(retries: \d+\); the last, \S+: /,
  'last-failure': /the last attempt that failed, \S+: /,
  over: /the run is over; work it off with: odop drain r/,
}

/** Ends when the test writes `end`, and at last by itself. */
const UNTIL_END = ['sh', '-c', 'n=0; until [ -e end ] || [ $n -gt 3000 ]; do sleep 0.1; n=$((n + 1)); done']
/** Runs until it is ended. */
export const HOLD =
  'async ({ signal }) => { while (!signal.aborted) await new Promise(done => setTimeout(done, 50)) }'

/** A run whose application lasts as long as the test wants. */
export interface Live extends AsyncDisposable {
  readonly rig: Rig
  readonly run: Started
  /** What `odop explain` says of a task at present. */
  explained(task: string): Promise<string>
  /** Waits until it says something of this kind, and this. */
  says(task: string, kind: Told, what?: RegExp | string): Promise<void>
  /** The same for what holds for a moment only: the run is asked as often as it answers. */
  glimpses(task: string, kind: Told, what?: RegExp | string): Promise<void>
  /** Until the run is over. */
  end(): Promise<void>
}

export interface LiveOptions extends StartOptions {
  /** In which an earlier run was; default: a new one. */
  readonly rig?: Rig
  readonly files?: readonly string[]
  readonly application?: readonly string[]
  /** What the command line of odop begins with; default: nothing. */
  readonly before?: readonly string[]
  /** Words of `odop run`. */
  readonly words?: readonly string[]
}

/** @param tasks definitions; what they need of 'odop' is there */
export async function live(tasks: string, options: LiveOptions = {}): Promise<Live> {
  const { files = [], application = UNTIL_END, before = [], words = [], rig = createRig(), ...more } = options
  rig.write('tasks/all.mjs', `import { fileIn, fileUpdated, signal, task, timer } from 'odop'\n${tasks}`)
  for (const file of files) rig.write(file, 'x')
  const known = definitions(rig)
  const run: Started = rig.start(
    [...before, odop, 'run', '--name', 'r', ...words, '--', ...application],
    more,
  )
  // On a loaded machine that takes its time, and has nothing to do with the answers.
  await until('the tasks are loaded', () => definitions(rig) > known, 150, 100)
  let last = ''
  const matches = (kind: Told, what: RegExp | string) =>
    WORDS[kind].test(last) && (typeof what === 'string' ? last.includes(what) : what.test(last))
  const told = (task: string, kind: Told, what: RegExp | string) => (error: Error) => {
    throw new Error(
      `${error.message}; ${task}: ${kind} ${what}; it says: ${last}; odop said: ${run.stderr()}`,
    )
  }
  const explained = async (task: string) => {
    const { stdout, stderr, code } = await rig.start([...before, odop, 'explain', 'r', task]).finished
    return code === 0 ? oneLine(stdout.toString()) : stderr
  }
  const end = async () => {
    rig.write('end', '')
    await run.finished
  }
  return {
    rig,
    run,
    explained,
    async says(task, kind, what = '') {
      const seen = async () => {
        last = await explained(task)
        return matches(kind, what)
      }
      await until('explain says so', seen, 40, 200).catch(told(task, kind, what))
    },
    async glimpses(task, kind, what = '') {
      const socket = path.join(rig.odopPath, 'runs/r/control.sock')
      const seen = async () => {
        const reply = await askRun(socket, { type: 'explain', task })
        if (reply?.ok !== true || reply.reasons === undefined) return false
        last = reply.reasons.join('\n')
        return matches(kind, what)
      }
      await until('the run says so', seen, 60, 0).catch(told(task, kind, what))
    },
    end,
    async [Symbol.asyncDispose]() {
      await end()
      await rig[Symbol.asyncDispose]()
    },
  }
}

function definitions(rig: Rig): number {
  const file = '.odop-path/runs/r/events.ndjson'
  if (!existsSync(path.join(rig.folder, file))) return 0
  return rig.read(file).split('"task-defined"').length - 1
}

/** As if the terminal were wide enough. */
export function oneLine(text: string): string {
  return text.replace(/ *\n {4}(?=\S)/g, ' ')
}
