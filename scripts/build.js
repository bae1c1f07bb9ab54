// Bundles the program into dist/: few files to open at start (parallel file systems are slow at that), heavy parts in
// chunks of their own that are loaded only when used. koffi, tsx and ink stay packages: they find files beside themselves, or are rarely
// used.
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('..', import.meta.url))
const dist = path.join(root, 'dist')

const shared = {
  absWorkingDir: root,
  outdir: dist,
  bundle: true,
  platform: 'node',
  target: 'node20.19',
  minifyWhitespace: true,
  minifySyntax: true,
  legalComments: 'none',
  alias: { 'string-width': './src/cli/string-width-default.ts' },
  external: ['koffi', 'tsx', 'tsx/*', 'ink', 'react'],
  write: false,
  metafile: true,
}

const cli = await buildCommandLine()
const helpers = await buildHelpers()
const attached = await buildAttached()
const programs = [cli, helpers, attached]
const parts = await buildParts(programs.flatMap(({ loadedLater }) => [...loadedLater]))
const charts = await buildCharts()
const all = [...programs, parts, charts]

mkdirSync(dist, { recursive: true })
const written = new Set(['types', 'THIRD-PARTY.txt', 'cli.cache', 'bring-up.cache'])
for (const file of all.flatMap(({ outputFiles }) => outputFiles)) {
  write(path.basename(file.path), file.contents)
  written.add(path.basename(file.path))
}
write('THIRD-PARTY.txt', licences(Object.assign({}, ...all.map(({ metafile }) => metafile.inputs))))
writeCodeCache()
if (!process.argv.includes('--keep')) {
  for (const name of readdirSync(dist)) {
    if (!written.has(name)) rmSync(path.join(dist, name), { recursive: true })
  }
  declareTypes()
}

/**
 * What runs before the application's start, and what comes right behind it, each in one CommonJS file, because Node loads that
 * faster than modules and can be given V8's code cache for it (bin/odop.js).
 */
async function buildCommandLine() {
  const loadedLater = new Map()
  const programs = { cli: 'src/cli/main.ts', 'bring-up': 'src/supervisor/bring-up.ts' }
  const result = await buildPrograms(programs, /^\.\.?\//, loadedLater)
  for (const name of Object.keys(programs)) loadedLater.delete(name)
  // `import()` comes from bin/odop.js, because scripts that are compiled with a cache have none of their own.
  const outputFiles = result.outputFiles.map(({ path, text }) => ({
    path,
    contents: text
      .replaceAll('import("./bring-up.js', 'importLater("./bring-up.cjs')
      .replaceAll('import("./', 'importLater("./'),
  }))
  return { ...result, outputFiles, loadedLater }
}

/** Programs that are started often, each in one CommonJS file too: as modules each would start 50 ms of a core later. */
async function buildHelpers() {
  const loadedLater = new Map()
  const result = await buildPrograms(
    {
      agent: 'src/cluster/agent-main.ts',
      burn: 'src/simulation/burn-main.ts',
      api: 'src/api/main.ts',
      dashboard: 'src/cli/dashboard/region-main.ts',
      keeper: 'src/node/keeper/main.ts',
      runner: 'src/node/runner/main.ts',
      rank: 'src/node/runner/ranks/rank-main.ts',
      loader: 'src/tasks/loader/main.ts',
      page: 'src/cli/page-main.ts',
      policy: 'src/policy/main.ts',
    },
    /./,
    loadedLater,
  )
  return { ...result, loadedLater }
}

/** The supervisor of a program that has called `start()`: all that every run needs in one file. */
async function buildAttached() {
  const loadedLater = new Map()
  const result = await buildPrograms({ attach: 'src/attach/main.ts' }, /^\.\.?\//, loadedLater, ['bring-up'])
  return { ...result, loadedLater }
}

/**
 * @param mayBeLater which dynamic imports are not part of the program
 * @param loadedLater gets these: each becomes a module of its own beside it
 * @param within names of those that are part of the program all the same
 */
function buildPrograms(entryPoints, mayBeLater, loadedLater, within = []) {
  const later = {
    name: 'later',
    setup({ onResolve }) {
      onResolve({ filter: mayBeLater }, ({ kind, path: imported, resolveDir }) => {
        if (kind !== 'dynamic-import' || shared.external.some(name => isIn(imported, name))) return undefined
        const isFile = imported.startsWith('.')
        const name = path.basename(imported, '.ts')
        if (within.includes(name)) return undefined
        loadedLater.set(name, isFile ? path.resolve(resolveDir, imported) : imported)
        return { path: `./${name}.js`, external: true }
      })
    },
  }
  return build({
    ...shared,
    entryPoints,
    outExtension: { '.js': '.cjs' },
    format: 'cjs',
    plugins: [later],
    define: { 'import.meta.url': 'odopUrl' },
    banner: { js: "const odopUrl=require('node:url').pathToFileURL(__filename).href;" },
  })
}

function isIn(imported, external) {
  const name = external.replace('/*', '')
  return imported === name || imported.startsWith(`${name}/`)
}

function buildParts(loadedLater) {
  return build({
    ...shared,
    entryPoints: {
      'odop-resolution': 'src/tasks/loader/odop-resolution.ts',
      index: 'src/index.ts',
      ...Object.fromEntries(loadedLater),
    },
    splitting: true,
    format: 'esm',
    // Some bundled packages are CommonJS and ask for Node's own modules with require().
    banner: {
      js: "import{createRequire as odopRequire}from'node:module';const require=odopRequire(import.meta.url);",
    },
  })
}

/** The program of a report's page, which becomes part of each `report.html`: of ECharts only what the pictures are made of. */
function buildCharts() {
  return build({
    ...shared,
    entryPoints: { 'report-charts': 'src/views/report/browser/main.ts' },
    platform: 'browser',
    target: 'es2022',
    format: 'iife',
    minify: true,
    define: { 'process.env.NODE_ENV': '"production"' },
    tsconfig: 'tsconfig.browser.json',
    banner: {
      js: `/* Contains Apache ECharts (Copyright The Apache Software Foundation, Apache License 2.0), ZRender (Copyright Baidu Inc.,
BSD 3-Clause License) and tslib (Copyright Microsoft Corporation, 0BSD); the licences are in odop's dist/THIRD-PARTY.txt. */`,
    },
  })
}

/** Renamed into place: a program that starts meanwhile never sees half a file. */
function write(name, contents) {
  const file = path.join(dist, name)
  writeFileSync(`${file}.part`, contents)
  renameSync(`${file}.part`, file)
}

/** A short run compiles what every run needs; without the cache the program is the same, and starts a little later. */
function writeCodeCache() {
  const odopPath = mkdtempSync(path.join(os.tmpdir(), 'odop-build-'))
  const run = ['run', '--no-tasks', '--quiet', '--', process.execPath, '--version']
  runTool(process.execPath, [path.join(root, 'bin', 'odop.js'), ...run], {
    ODOP_PATH: odopPath,
    ODOP_WRITE_CODE_CACHE: '1',
  })
  rmSync(odopPath, { recursive: true, force: true })
}

/** The public interface's declarations. */
function declareTypes() {
  const options =
    '--noEmit false --emitDeclarationOnly --declaration --allowImportingTsExtensions --outDir dist/types --rootDir src'
  const tsc = path.join(root, 'node_modules', '.bin', 'tsc')
  runTool(tsc, ['-p', 'tsconfig.types.json', ...options.split(' ')])
}

function runTool(program, options, environment = {}) {
  const { status } = spawnSync(program, options, {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, ...environment },
  })
  if (status !== 0) process.exitCode = 1
}

/** The licences of the packages that are part of the bundle, as they ask for. */
function licences(inputs) {
  const packages = new Set(
    Object.keys(inputs).flatMap(file => file.match(/^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/)?.[0] ?? []),
  )
  return [...packages].sort().map(licenceOf).join('\n')
}

function licenceOf(folder) {
  const { name, version, license } = JSON.parse(readFileSync(path.join(root, folder, 'package.json'), 'utf8'))
  const file = readdirSync(path.join(root, folder)).find(entry => /^licen[cs]e/i.test(entry))
  const text = file === undefined ? '' : readFileSync(path.join(root, folder, file), 'utf8')
  return `${name} ${version} (${license})\n\n${text}`
}
