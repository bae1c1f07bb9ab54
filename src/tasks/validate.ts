import type { TaskDefinition } from '../core/model.ts'
import { describe } from '../validation/describe.ts'
import { folderName } from '../validation/readers.ts'
import { check, type KeyProblem } from '../validation/schema.ts'
import { exclusions } from './exclusions.ts'
import type { ExportedTask } from './exported-tasks.ts'
import { mpiNeeds, mpiProblems } from './mpi-needs.ts'
import { namesInput } from './outputs.ts'
import { taskSchema } from './parameters.ts'
import type { Task } from './task.ts'

/** A task of a module, before its parameters are known to be right. */
export interface Candidate extends ExportedTask {
  readonly module: string
  readonly index: number
  /** For triggers without a `settle` of their own. */
  readonly settleSeconds: number
}

/** The task as data, or everything that is wrong with its parameters. */
export function validateTask(
  candidate: Candidate,
): { readonly definition: TaskDefinition } | { readonly problems: readonly KeyProblem[] } {
  const { task } = candidate
  const checked = check(taskSchema(candidate.settleSeconds), task.options)
  const parameters = 'value' in checked ? checked.value : null
  const problems = [
    ...('problems' in checked ? checked.problems : []),
    ...(parameters === null ? [] : [...mpiProblems(parameters), ...exclusions(task, parameters)]),
    ...(parameters === null ? [] : outputProblems(parameters)),
    ...nameProblems(candidate, parameters?.name),
    ...bodyProblems(task),
  ]
  if (parameters === null || problems.length > 0) return { problems }
  return { definition: definitionOf(candidate, parameters) }
}

export type Given = import('zod').z.output<ReturnType<typeof taskSchema>>

function definitionOf({ task, module, index, defaultName }: Candidate, given: Given): TaskDefinition {
  const ranks = mpiNeeds(given)
  return {
    name: given.name ?? defaultName,
    module,
    index,
    kind: task.run === null ? 'command' : 'function',
    trigger: given.trigger ?? { kind: 'background' },
    priority: given.priority ?? 0,
    cpus: ranks?.cpus ?? given.cpus ?? 1,
    ...(given.gpus === undefined || given.gpus === 0 ? {} : { gpus: given.gpus }),
    mpi: ranks?.mpi ?? null,
    dependsOn: given.dependsOn ?? null,
    memoryBytes: given.memory ?? null,
    ...(given.diskLimit === undefined ? {} : { diskLimitBytes: given.diskLimit }),
    timeSeconds: given.time ?? null,
    maxRuns: given.maxRuns ?? null,
    replicas: given.replicas ?? null,
    retries: given.retries?.limit ?? null,
    retryDelaySeconds: given.retries?.delaySeconds ?? null,
    ioBound: given.ioBound ?? false,
    networkBound: given.networkBound ?? false,
    outputs: given.outputs ?? null,
    checkpoint: given.checkpoint ?? null,
    env: given.env ?? {},
    cwd: given.cwd ?? null,
    ...(given.parameters === undefined ? {} : { parameters: given.parameters }),
    ...(given.parameterFormat === undefined ? {} : { parameterFormat: given.parameterFormat }),
  }
}

/** Only a work item with files has outputs that depend on them. */
function outputProblems({ outputs, trigger }: Given): KeyProblem[] {
  const hasFiles = trigger !== undefined && trigger.kind !== 'timer'
  const pattern = outputs?.kind === 'patterns' ? outputs.patterns.find(namesInput) : undefined
  if (hasFiles || pattern === undefined) return []
  const message = `'${pattern}' names a file of the work item, but a task without a file trigger has none`
  return [{ key: 'outputs', message, fix: "add one: trigger: fileIn('data')" }]
}

function nameProblems({ task, defaultName }: Candidate, given: string | undefined): KeyProblem[] {
  const hasOwn = typeof task.options === 'object' && task.options !== null && 'name' in task.options
  if (given !== undefined || hasOwn || 'value' in folderName(defaultName)) return []
  const message = `its name would be '${defaultName}', which is not usable as the name of a folder`
  return [{ key: 'name', message, fix: "give it one: name: 'reduce'" }]
}

function bodyProblems({ options, run, command }: Task): KeyProblem[] {
  const given = typeof options === 'object' && options !== null ? (options as Record<string, unknown>) : {}
  if (run !== null && given['command'] !== undefined) {
    return [
      {
        key: 'command',
        message: 'expected a function or a `command`, found both',
        fix: 'remove one of them',
      },
    ]
  }
  if (run === null && command === null) return [nothingToDo(given['command'])]
  const wanted = filesWanted(run ?? command)
  if (wanted === null || given['trigger'] !== undefined) return []
  const message = `the function takes \`${wanted}\`, but a task without a trigger is given no files`
  return [{ key: 'trigger', message, fix: "add one: trigger: fileIn('data')" }]
}

function nothingToDo(command: unknown): KeyProblem {
  if (command === undefined) {
    const fix =
      "write task({ … }, async ({ log }) => { … }) or task({ …, command: () => ['program', 'argument'] })"
    return {
      key: null,
      message: 'expected a function as the second argument, or a `command`, found neither',
      fix,
    }
  }
  const message = `expected a function that returns the program and its arguments, found ${describe(command)}`
  const fix = Array.isArray(command)
    ? 'write command: () => […]'
    : "write command: ({ files }) => ['program', ...files]"
  return { key: 'command', message, fix }
}

/** `file` or `files` if the function takes it out of its argument (`({ files }) => …`); such a function needs them. */
function filesWanted(run: Task['run']): string | null {
  const parameter = /^\s*(?:async\b)?\s*(?:function\b)?[\s\w$*]*\(\s*\{([^}]*)\}/.exec(String(run))?.[1] ?? ''
  const names = parameter.split(',').map(part => part.split(/[:=]/)[0]?.trim())
  return ['file', 'files'].find(name => names.includes(name)) ?? null
}
