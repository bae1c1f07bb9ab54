/**
 * Node's resolution hook for ES modules, which runs in a thread of its own: `odop` is this installation's public
 * interface, which lies beside this file in `dist/`.
 */
type Resolve = (specifier: string, context: unknown) => unknown

const index = new URL('index.js', import.meta.url).href

export function resolve(specifier: string, context: unknown, next: Resolve): unknown {
  return specifier === 'odop'
    ? { url: index, format: 'module', shortCircuit: true }
    : next(specifier, context)
}
