// Bundles the program into dist/: few files to open at start (parallel file systems are slow at that), heavy parts in
// chunks of their own that are loaded only when used. koffi and tsx stay packages: they find files beside themselves.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('..', import.meta.url))
const dist = path.join(root, 'dist')

const entryPoints = {
  cli: 'src/cli/main.ts',
  keeper: 'src/node/keeper/main.ts',
  runner: 'src/node/runner/main.ts',
  loader: 'src/tasks/loader/main.ts',
  'odop-resolution': 'src/tasks/loader/odop-resolution.ts',
  index: 'src/index.ts',
}

const result = await build({
  absWorkingDir: root,
  entryPoints: Object.fromEntries(
    Object.entries(entryPoints).filter(([, file]) => existsSync(path.join(root, file))),
  ),
  outdir: dist,
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  minifyWhitespace: true,
  minifySyntax: true,
  legalComments: 'none',
  external: ['koffi', 'tsx', 'tsx/*', 'react-devtools-core'],
  // Some bundled packages are CommonJS and ask for Node's own modules with require().
  banner: {
    js: "import{createRequire as odopRequire}from'node:module';const require=odopRequire(import.meta.url);",
  },
  write: false,
  metafile: true,
})

mkdirSync(dist, { recursive: true })
const written = new Set(['types', 'THIRD-PARTY.txt'])
for (const file of result.outputFiles) {
  // Renamed into place: a program that starts meanwhile never sees half a file.
  writeFileSync(`${file.path}.part`, file.contents)
  renameSync(`${file.path}.part`, file.path)
  written.add(path.relative(dist, file.path))
}
writeFileSync(path.join(dist, 'THIRD-PARTY.txt'), licences())
if (!process.argv.includes('--keep')) {
  for (const name of readdirSync(dist))
    if (!written.has(name)) rmSync(path.join(dist, name), { recursive: true })
  declareTypes()
}

/** The public interface's declarations. */
function declareTypes() {
  const tsc = path.join(root, 'node_modules', '.bin', 'tsc')
  const options =
    '--noEmit false --emitDeclarationOnly --declaration --allowImportingTsExtensions --outDir dist/types --rootDir src'
  const { status } = spawnSync(tsc, ['-p', 'tsconfig.types.json', ...options.split(' ')], {
    cwd: root,
    stdio: 'inherit',
  })
  if (status !== 0) process.exitCode = 1
}

/** The licences of the packages that are part of the bundle, as they ask for. */
function licences() {
  const inputs = Object.keys(result.metafile.inputs)
  const packages = new Set(
    inputs.flatMap(file => file.match(/^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/)?.[0] ?? []),
  )
  return [...packages].sort().map(licenceOf).join('\n')
}

function licenceOf(folder) {
  const { name, version, license } = JSON.parse(readFileSync(path.join(root, folder, 'package.json'), 'utf8'))
  const file = readdirSync(path.join(root, folder)).find(entry => /^licen[cs]e/i.test(entry))
  const text = file === undefined ? '' : readFileSync(path.join(root, folder, file), 'utf8')
  return `${name} ${version} (${license})\n\n${text}`
}
