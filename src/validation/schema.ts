import * as z from 'zod'
import { describe } from './describe.ts'
import { unknownKeyFix } from './did-you-mean.ts'
import type { Reader } from './readers.ts'

/** What is wrong with one key of an object that a user wrote. */
export interface KeyProblem {
  /** The key as the user wrote it, with those above it: `trigger.batchSize`; null: the whole object. */
  readonly key: string | null
  readonly message: string
  readonly fix: string | null
}

/** A value that may be left out, read by one of `readers.ts`. */
export function optional<T>(read: Reader<T>) {
  return z
    .unknown()
    .transform((raw, context): T => {
      const result = read(raw)
      if ('value' in result) return result.value
      context.addIssue({ code: 'custom', message: result.message, params: { fix: result.fix } })
      return z.NEVER
    })
    .optional()
}

/** Holds what a user wrote against a schema; the value, or all that is wrong with it. */
export function check<S extends z.ZodObject>(
  schema: S,
  raw: unknown,
): { readonly value: z.output<S> } | { readonly problems: readonly KeyProblem[] } {
  const result = schema.safeParse(raw)
  if (result.success) return { value: result.data }
  return { problems: result.error.issues.flatMap(issue => problemsOf(issue, schema, raw)) }
}

function problemsOf(issue: z.core.$ZodIssue, schema: z.ZodObject, raw: unknown): KeyProblem[] {
  const path = issue.path.map(String)
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map(key => ({
      key: [...path, key].join('.'),
      message: `unknown key \`${key}\``,
      fix: unknownKeyFix(key, Object.keys(schema.shape)),
    }))
  }
  const key = path.length === 0 ? null : path.join('.')
  if (issue.code !== 'custom') {
    return [{ key, message: `expected an object with parameters, found ${describe(raw)}`, fix: null }]
  }
  const fix: unknown = issue.params?.['fix']
  return [{ key, message: issue.message, fix: typeof fix === 'string' ? fix : null }]
}
