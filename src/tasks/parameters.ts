import * as z from 'zod'
import type { Checkpoint, Dependency, FileFilter, Outputs, Parameters, Trigger } from '../core/model.ts'
import { describe } from '../validation/describe.ts'
import type { Read, Reader } from '../validation/readers.ts'
import {
  duration,
  durationOrZero,
  finiteNumber,
  folderName,
  oneOf,
  size,
  text,
  wholeNumber,
  wrong,
  yesOrNo,
} from '../validation/readers.ts'
import { check, optional } from '../validation/schema.ts'

/** The parameters of `task()`, by name. `settleSeconds`: what a trigger without its own `settle` gets. */
export function taskSchema(settleSeconds: number) {
  return z.strictObject({
    name: optional(folderName),
    trigger: triggerSchema(settleSeconds),
    priority: optional(finiteNumber),
    cpus: optional(cpus),
    gpus: optional(gpus),
    nodes: optional(nodes),
    ranks: optional(ranks),
    ranksPerNode: optional(ranks),
    cpusPerRank: optional(cpusPerRank),
    mpi: optional(mpi),
    dependsOn: optional(dependsOn),
    memory: optional(memory),
    diskLimit: optional(memory),
    time: optional(duration),
    maxRuns: optional(wholeNumber(1)),
    replicas: optional(wholeNumber(1)),
    retries: nested(retries),
    ioBound: optional(yesOrNo),
    networkBound: optional(yesOrNo),
    outputs: optional(outputs),
    checkpoint: optional(checkpoint),
    env: optional(environment),
    cwd: optional(text),
    parameters: optional(parameters),
    parameterFormat: optional(parameterFormat),
    command: z.unknown().optional(),
  })
}

const cpus: Reader<number | 'all' | 'any'> = raw =>
  raw === 'all' || raw === 'any'
    ? { value: raw }
    : wholeNumber(
        1,
        "a whole number of cores, at least 1, or 'all' for every core of a node, or 'any' for those that are idle",
      )(raw)

const nodes: Reader<number | 'all' | 'any'> = raw =>
  raw === 'all' || raw === 'any'
    ? { value: raw }
    : wholeNumber(
        1,
        "a whole number, at least 1, or 'all' for every node, or 'any' for those that have room",
      )(raw)

/** `any`, as the Python ODOP writes it, leaves the number to odop. */
const ranks: Reader<number | 'all' | undefined> = raw => {
  if (raw === 'any') return { value: undefined }
  return raw === 'all'
    ? { value: raw }
    : wholeNumber(1, "a whole number, at least 1, or 'all' for as many as there are cores")(raw)
}

const cpusPerRank: Reader<number | undefined> = raw =>
  raw === 'any' ? { value: undefined } : wholeNumber(1)(raw)

const gpus: Reader<number | 'all'> = raw =>
  raw === 'all'
    ? { value: raw }
    : wholeNumber(0, "a whole number of GPUs, or 'all' for every GPU of a node")(raw)

const mpi: Reader<string> = raw =>
  typeof raw === 'string' && /^[\w,.-]+$/.test(raw)
    ? { value: raw }
    : wrong("what `srun --mpi` takes, such as 'pmi2' or 'pmix'", raw)

const memory: Reader<number> = raw => {
  const read = size(raw)
  if (!('value' in read) || read.value >= LEAST_MEMORY) return read
  return wrong("at least '1M'", raw, `a number is bytes; write '${String(raw)}M' for megabytes`)
}

/** No process starts with less; such a number was meant in another unit. */
const LEAST_MEMORY = 1024 ** 2

const dependsOn: Reader<Dependency> = raw => {
  if (typeof raw === 'string') return dependency('all', [raw])
  if (Array.isArray(raw)) return dependency('all', raw)
  const entries = typeof raw === 'object' && raw !== null ? Object.entries(raw) : []
  const [of, tasks] = entries[0] ?? []
  if (entries.length === 1 && (of === 'all' || of === 'any') && Array.isArray(tasks))
    return dependency(of, tasks)
  return wrong('the name of a task, a list of such, { all: […] } or { any: […] }', raw)
}

function dependency(of: Dependency['of'], names: readonly unknown[]): Read<Dependency> {
  if (names.length === 0) return wrong('at least one name of a task', names)
  for (const name of names) {
    const read = folderName(name)
    if (!('value' in read)) return wrong('names of tasks', name)
  }
  return { value: { of, tasks: [...new Set(names.map(String))] } }
}

const outputs: Reader<Outputs> = raw => {
  if (typeof raw === 'function') return { value: { kind: 'function' } }
  const patterns: readonly unknown[] = Array.isArray(raw) ? raw : [raw]
  const isPattern = (each: unknown): each is string =>
    typeof each === 'string' && each !== '' && !each.includes('\0')
  if (patterns.length > 0 && patterns.every(isPattern)) return { value: { kind: 'patterns', patterns } }
  return wrong(
    "a file name such as 'images/{name}.png', a list of such, or a function that returns them",
    raw,
  )
}

const checkpoint: Reader<Checkpoint | null> = raw => {
  if (typeof raw === 'boolean') return { value: raw ? { file: null } : null }
  const isName = typeof raw === 'string' && raw !== '' && raw !== '.' && raw !== '..' && !/[/\0]/.test(raw)
  return isName ? { value: { file: raw } } : wrong("true, or the name of a file such as '{name}.chk'", raw)
}

const environment: Reader<Record<string, string>> = raw => {
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) {
    return wrong("an object such as { OMP_NUM_THREADS: '1' }", raw)
  }
  for (const [name, value] of Object.entries(raw)) {
    const fix = typeof value === 'number' ? `write ${name}: '${value}'` : null
    if (typeof value !== 'string') return wrong(`a text as the value of ${name}`, value, fix)
    if (!/^[^=\0]+$/.test(name)) return wrong("a variable's name without =", name)
  }
  return { value: { ...raw } }
}

const parameters: Reader<Parameters> = raw => {
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) {
    return wrong("an object such as { level: 3, field: 'temperature' }", raw)
  }
  for (const [name, value] of Object.entries(raw)) {
    if (!isParameter(value)) return wrong(`a text, a number or true or false as the value of ${name}`, value)
  }
  return { value: { ...raw } }
}

/** What a program's arguments, and JSON, can carry. */
function isParameter(value: unknown): boolean {
  if (typeof value === 'string') return !value.includes('\0')
  return typeof value === 'boolean' || (typeof value === 'number' && Number.isFinite(value))
}

const parameterFormat: Reader<string> = raw => {
  if (typeof raw !== 'string') return wrong(A_FORMAT, raw)
  const unknown = [...raw.matchAll(/\{[^}]*\}/g)].find(([name]) => name !== '{key}' && name !== '{value}')
  if (unknown !== undefined) return wrong(A_FORMAT, raw, `there is no ${unknown[0]}`)
  // Empty: they are not made arguments.
  return raw === '' || raw.includes('{value}') ? { value: raw } : wrong(A_FORMAT, raw)
}

const A_FORMAT = "a text with {key} and {value}, such as '--{key} {value}'"

const filter: Reader<FileFilter> = raw => {
  if (typeof raw === 'string' && raw !== '') return { value: { kind: 'glob', pattern: raw } }
  // With g or y a RegExp remembers where it stopped, and would find only every other file.
  if (raw instanceof RegExp) {
    return { value: { kind: 'regexp', source: raw.source, flags: raw.flags.replaceAll(/[gy]/g, '') } }
  }
  return wrong("a glob such as '*.bin' or a RegExp", raw)
}

const watchedOn: Reader<'each-node'> = raw =>
  raw === 'each-node'
    ? { value: raw }
    : wrong("'each-node', or nothing for a folder that all nodes share", raw)

interface Retries {
  readonly limit: number | null
  readonly delaySeconds: number | null
}

function retries(raw: unknown, context: Issues): Retries {
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) {
    const read = wholeNumber(0, 'a whole number, at least 0, or { limit, delay }')(raw)
    if ('value' in read) return { limit: read.value, delaySeconds: null }
    context.add('', read.message, read.fix)
    return { limit: null, delaySeconds: null }
  }
  const parts = context.check(retriesSchema, raw)
  return { limit: parts?.limit ?? null, delaySeconds: parts?.delay ?? null }
}

const retriesSchema = z.strictObject({ limit: optional(wholeNumber(0)), delay: optional(durationOrZero) })

function triggerSchema(settleSeconds: number) {
  return nested<Trigger>((raw, context) => {
    const { kind, ...rest } = typeof raw === 'object' && raw !== null ? (raw as Record<string, unknown>) : {}
    switch (kind) {
      case 'file-in':
        return fileIn(rest, context, settleSeconds)
      case 'file-updated':
        return fileUpdated(rest, context, settleSeconds)
      case 'timer':
        return { kind, everySeconds: context.read('every', duration, rest['every']) ?? 0 }
      case 'after':
        return { kind, task: context.read('task', folderName, rest['task']) ?? '' }
      case 'signal':
        return { kind, name: context.read('name', folderName, rest['name']) ?? '' }
      default: {
        const fix =
          typeof raw === 'string' ? `write fileIn(${JSON.stringify(raw)}), imported from 'odop'` : null
        context.add(
          '',
          `expected fileIn(…), fileUpdated(…), timer(…), after(…) or signal(…), found ${describe(raw)}`,
          fix,
        )
        return { kind: 'background' }
      }
    }
  })
}

function fileIn(raw: Record<string, unknown>, context: Issues, settleSeconds: number): Trigger {
  const options = context.check(fileInSchema, raw['options'])
  return {
    kind: 'file-in',
    folder: context.read('folder', text, raw['folder']) ?? '',
    filter: options?.filter ?? null,
    recursive: options?.recursive ?? false,
    batchSize: options?.batchSize ?? 1,
    flush: options?.flush ?? 'end',
    settleSeconds: options?.settle ?? settleSeconds,
    on: options?.on ?? null,
  }
}

function fileUpdated(raw: Record<string, unknown>, context: Issues, settleSeconds: number): Trigger {
  const options = context.check(fileUpdatedSchema, raw['options'])
  return {
    kind: 'file-updated',
    path: context.read('path', text, raw['path']) ?? '',
    filter: options?.filter ?? null,
    recursive: options?.recursive ?? false,
    settleSeconds: options?.settle ?? settleSeconds,
    on: options?.on ?? null,
  }
}

const fileUpdatedSchema = z.strictObject({
  filter: optional(filter),
  recursive: optional(yesOrNo),
  settle: optional(durationOrZero),
  on: optional(watchedOn),
})

const fileInSchema = fileUpdatedSchema.extend({
  batchSize: optional(wholeNumber(1)),
  flush: optional(oneOf(['end', 'never'])),
})

/** Where a parameter with parts of its own (`trigger.batchSize`) says what is wrong with them. */
interface Issues {
  add(part: string, message: string, fix: string | null): void
  read<T>(part: string, reader: Reader<T>, raw: unknown): T | null
  check<S extends z.ZodObject>(schema: S, raw: unknown): z.output<S> | null
}

/** A parameter that may be left out and has parts of its own. */
function nested<T>(read: (raw: unknown, issues: Issues) => T) {
  return z
    .unknown()
    .transform((raw, context): T => {
      const add: Issues['add'] = (part, message, fix) => {
        context.addIssue({
          code: 'custom',
          path: part === '' ? [] : part.split('.'),
          message,
          params: { fix },
        })
      }
      return read(raw, {
        add,
        read: (part, reader, value) => {
          const result = reader(value)
          if ('value' in result) return result.value
          add(part, result.message, result.fix)
          return null
        },
        check: (schema, value) => {
          const result = check(schema, value)
          if ('value' in result) return result.value
          for (const { key, message, fix } of result.problems) add(key ?? '', message, fix)
          return null
        },
      })
    })
    .optional()
}
