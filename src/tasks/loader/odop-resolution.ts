import { programOf } from '../added-module.ts'

/**
 * Node's resolution hook for ES modules, which runs in a thread of its own: `odop` is this installation's public
 * interface, which lies beside this file in `dist/`. What a task that a program has added imports
 * is meant as in the program's own file.
 */
type Resolve = (specifier: string, context: Context) => unknown

interface Context {
  readonly parentURL?: string
}

const index = new URL('index.js', import.meta.url).href

export function resolve(specifier: string, context: Context, next: Resolve): unknown {
  if (specifier === 'odop') return { url: index, format: 'module', shortCircuit: true }
  const program = context.parentURL === undefined ? null : programOf(context.parentURL)
  return next(specifier, program === null ? context : { ...context, parentURL: program })
}
