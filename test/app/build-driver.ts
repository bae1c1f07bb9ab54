import { copyFileSync, mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** A package as `npm` would install it, with `bin/odop.js` as it is and the driver for its program; the path of the former. */
export async function buildDriver(): Promise<{ readonly folder: string; readonly odop: string }> {
  const folder = mkdtempSync(path.join(tmpdir(), 'odop-app-'))
  mkdirSync(path.join(folder, 'bin'))
  writeFileSync(path.join(folder, 'package.json'), '{"type":"module"}')
  symlinkSync(path.join(root, 'node_modules'), path.join(folder, 'node_modules'))
  for (const file of ['odop.js', 'package.json']) {
    copyFileSync(path.join(root, 'bin', file), path.join(folder, 'bin', file))
  }
  await build({
    entryPoints: [fileURLToPath(new URL('driver.ts', import.meta.url))],
    outfile: path.join(folder, 'dist/driver.js'),
    bundle: true,
    format: 'esm',
    platform: 'node',
    external: ['koffi'],
    banner: { js: "import{createRequire as r}from'node:module';const require=r(import.meta.url);" },
    logLevel: 'error',
  })
  // It waits at its top, which only a module can.
  writeFileSync(path.join(folder, 'dist/cli.cjs'), "importLater('driver.js')")
  return { folder, odop: path.join(folder, 'bin/odop.js') }
}
