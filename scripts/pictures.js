// npm run pictures: makes the pictures of the README from a real run of examples/heat.
// docs/pictures/terminal.svg is what a terminal showed; docs/pictures/report.png is the run's report in a browser, made where this odop
// has reports and chromium is installed. Needs the program in dist/ (npm run build) and `script` of util-linux.
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { terminalSvg } from './terminal-svg.js'

const root = fileURLToPath(new URL('..', import.meta.url))
const pictures = path.join(root, 'docs', 'pictures')
const COLUMNS = 100
const RUN = 'odop run --name heat --drain -- node heat.js'

function main() {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'odop-pictures-'))
  try {
    mkdirSync(pictures, { recursive: true })
    const user = makeUser(folder)
    drawTerminal(user)
    drawReport(user)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** A folder with the example, as in the repository, and an environment in which odop is installed. */
function makeUser(folder) {
  for (const part of ['bin', 'dist', 'node_modules', 'tasks', 'package.json']) {
    symlinkSync(path.join(root, part), path.join(folder, part))
  }
  const example = path.join(folder, 'examples', 'heat')
  for (const part of ['heat.js', 'solver', 'tasks']) {
    cpSync(path.join(root, 'examples', 'heat', part), path.join(example, part), { recursive: true })
  }
  const programs = path.join(folder, 'programs')
  mkdirSync(programs)
  symlinkSync(path.join(root, 'bin', 'odop.js'), path.join(programs, 'odop'))
  const env = {
    ...process.env,
    TERM: 'xterm-256color',
    PATH: `${programs}:${process.env.PATH}`,
    ODOP_PATH: path.join(folder, 'odop'),
  }
  delete env.NO_COLOR
  return { folder: example, env }
}

function drawTerminal({ folder, env }) {
  const recorded = path.join(folder, 'recorded')
  const command = `stty cols ${COLUMNS} rows 40; ${RUN}`
  const { status, error } = spawnSync('script', ['--quiet', '--return', '--command', command, recorded], {
    cwd: folder,
    env,
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  if (error !== undefined || status !== 0)
    throw new Error(`${RUN}: ${error?.message ?? `exit code ${status}`}`)
  // `script` writes a line of its own before and after.
  const shown = readFileSync(recorded, 'utf8')
    .split('\n')
    .slice(1)
    .join('\n')
    .replace(/\n*Script done on .*\n?$/, '')
  const screen = `\x1b[32m$\x1b[0m \x1b[1m${RUN}\x1b[0m\r\n${tidied(shown, folder)}`
  write('terminal.svg', terminalSvg(screen, { title: 'examples/heat', columns: COLUMNS }))
}

/** The folder of this run tells a reader nothing, and a few of the solver's lines tell all. */
function tidied(text, folder) {
  const lines = text
    .replaceAll(path.join(folder, '..', '..', 'odop'), '~/.odop')
    .replaceAll(folder, '.')
    .split('\n')
  const steps = lines.filter(line => line.startsWith('step'))
  const left = new Set(steps.slice(2, -1))
  return lines
    .map(line => (line === steps[2] ? `\x1b[2m… ${left.size} more lines of the solver\x1b[0m` : line))
    .filter(line => !left.has(line))
    .join('\n')
}

function drawReport({ folder, env }) {
  const page = path.join(folder, 'report.html')
  const odop = words => spawnSync('odop', words, { cwd: folder, env, encoding: 'utf8' })
  if (!/^ {2}report\b/m.test(odop(['--help']).stdout))
    return console.log('no report.png: this odop has no reports')
  const { status, stderr } = odop(['report', 'heat', '--format', 'html', '--output', page])
  if (status !== 0) throw new Error(`odop report: ${stderr}`)
  const picture = path.join(folder, 'report.png')
  const browser = ['chromium', 'chromium-browser', 'google-chrome'].find(isInstalled)
  if (browser === undefined) return console.log('no report.png: there is no chromium')
  const options = [
    '--headless',
    '--no-sandbox',
    '--disable-gpu',
    '--disable-dev-shm-usage',
    '--hide-scrollbars',
    `--user-data-dir=${path.join(folder, 'profile')}`,
    '--window-size=1280,1000',
    // The page's own time: until everything is drawn.
    '--virtual-time-budget=10000',
    `--screenshot=${picture}`,
    pathToFileURL(page).href,
  ]
  const shot = spawnSync(browser, options, { cwd: folder, stdio: 'ignore', timeout: 120_000 })
  if (shot.status !== 0) throw new Error(`${browser}: exit code ${shot.status}`)
  write('report.png', readFileSync(picture))
}

function isInstalled(program) {
  return spawnSync(program, ['--version'], { stdio: 'ignore' }).status === 0
}

function write(name, content) {
  writeFileSync(path.join(pictures, name), content)
  console.log(`wrote docs/pictures/${name}`)
}

main()
