import { fileURLToPath } from 'node:url'

/** The programs of the package, each a file of `dist/` that `node` can run. */
export type EntryPoint =
  | 'agent'
  | 'attach'
  | 'burn'
  | 'api'
  | 'dashboard'
  | 'keeper'
  | 'runner'
  | 'rank'
  | 'loader'
  | 'policy'
  | 'page'
  | 'odop-resolution'

/** Absolute path of a compiled program; the same whether the caller itself runs compiled or from its source. */
export function entryPoint(name: EntryPoint): string {
  const suffix = name === 'odop-resolution' ? 'js' : 'cjs'
  return fileURLToPath(new URL(`${name}.${suffix}`, distFolder))
}

/** Absolute path of the package's root. */
export function packageRoot(): string {
  return fileURLToPath(new URL('..', distFolder))
}

const here = new URL('.', import.meta.url)
const distFolder = here.pathname.endsWith('/src/') ? new URL('../dist/', here) : here
