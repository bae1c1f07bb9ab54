import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** What the compiler says of each of these modules, in which `odop` is this one; empty: nothing. */
export function compilerErrors(modules: readonly string[]): readonly string[][] {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'odop-docs-'))
  try {
    modules.forEach((code, at) => {
      writeFileSync(path.join(folder, `block${at}.ts`), `${code}\nexport {}\n`)
    })
    writeFileSync(path.join(folder, 'package.json'), '{"type":"module"}')
    writeFileSync(path.join(folder, 'tsconfig.json'), JSON.stringify(configuration))
    const tsc = path.join(root, 'node_modules/typescript/bin/tsc')
    const { stdout } = spawnSync(process.execPath, [tsc, '-p', folder], { encoding: 'utf8', cwd: folder })
    const errors = modules.map((): string[] => [])
    for (const [, at, message = ''] of stdout.matchAll(/^block(\d+)\.ts\(.*?\): (error .*)$/gm))
      errors[Number(at)]?.push(message)
    // Errors elsewhere would hide those here.
    const others = stdout.split('\n').filter(line => /error TS/.test(line) && !line.startsWith('block'))
    if (others.length > 0) throw new Error(others.join('\n'))
    return errors
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const configuration = {
  extends: path.join(root, 'tsconfig.json'),
  compilerOptions: {
    paths: { odop: [path.join(root, 'src/index.ts')] },
    typeRoots: [path.join(root, 'node_modules/@types')],
    noUnusedLocals: false,
  },
  include: ['*.ts'],
}
