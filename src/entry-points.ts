import { fileURLToPath } from 'node:url'

/** The programs of the package, each a file of `dist/` that `node` can run. */
export type EntryPoint = 'agent' | 'keeper' | 'runner' | 'rank' | 'loader' | 'odop-resolution' | 'dashboard'

/** Absolute path of a compiled program; the same whether the caller itself runs compiled or from its source. */
export function entryPoint(name: EntryPoint): string {
  return fileURLToPath(new URL(`${name}.js`, distFolder))
}

/** Absolute path of the package's root. */
export function packageRoot(): string {
  return fileURLToPath(new URL('..', distFolder))
}

const here = new URL('.', import.meta.url)
const distFolder = here.pathname.endsWith('/src/') ? new URL('../dist/', here) : here
