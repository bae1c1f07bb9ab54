import * as z from 'zod'
import { check, type KeyProblem, optional } from '../validation/schema.ts'
import { type Key, readers, type Values } from './values.ts'

/** What a configuration file holds against the keys that there are. */
export function checkConfiguration(
  raw: unknown,
): { readonly value: Values } | { readonly problems: readonly KeyProblem[] } {
  const result = check(schema, raw)
  // Each key is read by its own reader, so what comes out is what the readers give.
  return 'value' in result ? { value: result.value as Values } : result
}

const schema = z.strictObject(
  Object.fromEntries((Object.keys(readers) as Key[]).map(key => [key, optional<unknown>(readers[key])])),
)
