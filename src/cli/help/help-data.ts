/**
 * What is proposed where a value is due: words, or what is there now.
 *
 * - `changes`: what the action before it is about, of `odop tasks ACTION`: runs, tasks of a run, or files
 * - `nothing`: only the user can know it
 */
export type Proposals = 'files' | 'folders' | 'runs' | 'tasks' | 'changes' | 'nothing' | readonly string[]

/** The value of an option, or a word that is no option. */
export interface Value {
  /** As help texts write it: `DURATION`. */
  readonly placeholder: string
  readonly proposals: Proposals
  /** The option may stand alone; a value follows only after `=`. */
  readonly optional?: true
}

export interface Example {
  readonly line: string
  readonly does: string
}

export interface Group {
  readonly title: string
  /** By the name of the command, in the order in which they are listed. */
  readonly commands: Readonly<Record<string, Example>>
}

/** All commands for users, with an example for each. One that does not exist (yet) is left out. */
export const groups: readonly Group[] = [
  {
    title: 'Run an application',
    commands: {
      run: {
        line: 'odop run --name heat --drain=10m -- ./solver input.nml',
        does: 'run the solver, and the tasks of ./tasks beside it; finish them for at most 10 minutes after it',
      },
      monitor: {
        line: 'odop monitor -- mpirun -n 8 ./solver',
        does: 'only measure which cores could be harvested',
      },
      simulate: {
        line: 'odop run --drain -- odop simulate --cycles 3 --files data',
        does: 'try tasks out with an application that only keeps cores busy',
      },
    },
  },
  {
    title: 'See what a run does',
    commands: {
      status: { line: 'odop status heat --watch', does: 'what the run does, again every second' },
      top: { line: 'odop top heat', does: 'its cores, queue, attempts and events as a live dashboard' },
      explain: { line: 'odop explain heat reduce', does: 'why each work item of the task is not running' },
      wait: { line: 'odop wait heat --timeout 10m', does: 'wait until its tasks have nothing left to do' },
      runs: { line: 'odop runs', does: 'all runs, the newest first' },
      report: {
        line: 'odop report heat --format html --output heat.html',
        does: 'what it did with its cores, as one page with pictures',
      },
    },
  },
  {
    title: 'Act on a run',
    commands: {
      signal: { line: 'odop signal heat progress', does: 'the application has made a step' },
      pause: { line: 'odop pause heat', does: 'suspend its tasks and start none' },
      resume: { line: 'odop resume heat', does: 'let them go on' },
      cancel: { line: 'odop cancel heat reduce#3', does: 'give up the third work item of reduce' },
      drain: { line: 'odop drain heat --for 2h', does: 'work off what it left over, for at most two hours' },
    },
  },
  {
    title: 'Prepare',
    commands: {
      init: { line: 'odop init', does: 'write a first task and a configuration into this folder' },
      tasks: {
        line: 'odop tasks check ./tasks',
        does: 'what is wrong with the tasks, before a job is started',
      },
      doctor: { line: 'odop doctor', does: 'what odop finds on this machine' },
      completion: {
        line: 'odop completion bash > ~/.local/share/bash-completion/completions/odop',
        does: 'complete odop’s commands, options and runs with Tab in bash',
      },
    },
  },
]

/** After these commands and `--` stands the application. */
export const applicationCommands: readonly string[] = ['run', 'monitor']

const durations: Value = { placeholder: 'DURATION', proposals: 'nothing' }
const counts: Value = { placeholder: 'N', proposals: 'nothing' }
const percents: Value = { placeholder: 'PCT', proposals: 'nothing' }
const files: Value = { placeholder: 'FILE', proposals: 'files' }
const lists: Value = { placeholder: 'LIST', proposals: 'nothing' }

/** The values of options: an option has the same kind of value in all commands. */
export const optionValues: Readonly<Record<string, Value>> = {
  api: { placeholder: '[HOST:]PORT', proposals: 'nothing' },
  busy: durations,
  config: files,
  cpus: { placeholder: 'N|LIST', proposals: 'nothing' },
  cycles: counts,
  drain: { ...durations, optional: true },
  'exclude-cpus': lists,
  file: files,
  files: { placeholder: 'FOLDER', proposals: 'folders' },
  for: durations,
  format: { placeholder: 'F', proposals: ['text', 'html', 'svg', 'json', 'csv'] },
  hosts: lists,
  'host-file': files,
  idle: durations,
  'idle-threshold': percents,
  item: { placeholder: 'ID', proposals: 'nothing' },
  level: percents,
  'max-cpus': counts,
  'max-io-bound': counts,
  'max-network-bound': counts,
  'max-slowdown': percents,
  'memory-reserve': { placeholder: 'SIZE', proposals: 'nothing' },
  name: { placeholder: 'NAME', proposals: 'runs' },
  output: files,
  policy: { placeholder: 'P', proposals: ['priority', 'fifo', 'round_robin', 'best_fit'] },
  progress: { placeholder: 'GLOB', proposals: 'nothing' },
  'reserve-cores': counts,
  summary: files,
  table: { placeholder: 'T', proposals: ['attempts', 'items', 'nodes', 'cores'] },
  task: { placeholder: 'NAME', proposals: 'tasks' },
  tasks: { placeholder: 'DIR', proposals: 'folders' },
  time: durations,
  timeout: durations,
}

/** Words of commands that are no options, by their place in the usage (`RUN`), or for one command (`signal NAME`). */
export const wordProposals: Readonly<Record<string, Proposals>> = {
  RUN: 'runs',
  TASK: 'tasks',
  FILE: 'files',
  FOLDER: 'folders',
  SHELL: ['bash', 'zsh', 'fish'],
  'tasks ACTION': ['check', 'list', 'add', 'remove'],
  'tasks NAME': 'changes',
  'signal NAME': ['progress'],
}
