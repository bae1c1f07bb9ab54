// npm run demo: the heat solver under odop, as a user runs it, and a check of everything that came out.
// What is given on the command line goes to the solver: node demo.js --size 256 --steps 4000
import { spawn } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { checkResults } from './check-results.js'

const here = fileURLToPath(new URL('.', import.meta.url))
const odop = path.join(here, '..', '..', 'bin', 'odop.js')

async function main() {
  const { folder, name } = makeFolder()
  const solver = ['node', '../../heat.js', '--out', 'data', ...process.argv.slice(2)]
  const options = ['run', '--name', name, '--tasks', '../../tasks', '--summary', 'summary.json', '--drain']
  const variables = { ODOP_PATH: path.join(folder, 'odop'), ODOP_RANGE: '0:100' }

  say(
    'A heat-equation solver on one core; odop uses the others to reduce, render and archive each field as it appears.',
  )
  say(`$ cd ${shown(folder)}`)
  say(`$ export ODOP_PATH=$PWD/odop ODOP_RANGE=${variables.ODOP_RANGE}`)
  say(`$ odop ${options.join(' ')} -- ${solver.join(' ')}\n`)
  const started = performance.now()
  const code = await run(process.execPath, [odop, ...options, '--', ...solver], { folder, variables })
  say(
    `\nodop ended after ${((performance.now() - started) / 1000).toFixed(1)} s with the solver's exit code, ${code}.`,
  )

  const { fields, lines, problems } = checkResults(shown(folder))
  for (const line of lines) say(line)
  if (code === 0 && problems.length === 0) return tellWhereToLook(shown(folder), name, fields)
  for (const problem of problems.slice(0, 10)) say(`problem: ${problem}`)
  if (problems.length > 10) say(`and ${problems.length - 10} more`)
  process.exitCode = 1
}

/** A folder of its own for each demo: the first free number. */
function makeFolder() {
  mkdirSync(path.join(here, 'out'), { recursive: true })
  for (let number = 1; ; number++) {
    const folder = path.join(here, 'out', String(number))
    try {
      mkdirSync(folder)
      return { folder, name: `heat-${number}` }
    } catch (error) {
      if (error.code !== 'EEXIST') throw error
    }
  }
}

function run(command, args, { folder, variables }) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: folder,
      env: { ...process.env, ...variables },
      stdio: 'inherit',
    })
    child.on('error', reject)
    child.on('exit', (code, signal) => resolve(code ?? signal))
  })
}

function tellWhereToLook(folder, name, fields) {
  say(`\nAll ${fields} fields were reduced, rendered and archived.`)
  say(`  pictures    ${path.join(folder, 'out', 'pictures')}`)
  say(`  statistics  ${path.join(folder, 'out', 'statistics')}`)
  say(`  archive     cd ${path.join(folder, 'out', 'archive')} && sha256sum -c *.sha256`)
  say(`  summary     ${path.join(folder, 'summary.json')}`)
  say(`  the run     ${path.join(folder, 'odop', 'runs', name)}`)
  say(`  tidy up     rm -r ${path.relative(process.cwd(), path.join(here, 'out')) || '.'}`)
}

/** As short as it can be typed here. */
function shown(folder) {
  const relative = path.relative(process.cwd(), folder)
  return relative.startsWith('..') ? folder : relative
}

function say(text) {
  console.log(text)
}

await main()
