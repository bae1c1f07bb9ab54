import { importModule } from '../module.ts'

/** What a configuration module exports by default, as JSON can carry it. Rejects with whatever the module throws. */
export async function configurationOf(file: string): Promise<unknown> {
  const exported = (await importModule(file)) as { readonly default?: unknown }
  return JSON.parse(JSON.stringify(defaultOf(exported) ?? null, readable))
}

/** A CommonJS module, also one made of TypeScript, arrives whole as the default export. */
export function defaultOf(exported: { readonly default?: unknown }): unknown {
  const value = exported.default
  return typeof value === 'object' && value !== null && '__esModule' in value
    ? (value as typeof exported).default
    : value
}

/** What JSON has no word for must be seen by who checks the values, not vanish. */
function readable(_key: string, value: unknown): unknown {
  return typeof value === 'function' || typeof value === 'bigint' || value instanceof RegExp
    ? String(value)
    : value
}
