#!/bin/sh
':' /* >/dev/null
# The shell reads on from here down to `exec`; for Node this is a comment. Node changes some things of its process when
# it starts (ignored signals, the limit of open files, inherited descriptors), and shells drop variables with names such
# as BASH_FUNC_module%%: what was there before is noted for the application (src/app/launch-context.ts).
if [ -r /proc/$$/status ]; then
  while read -r odop_key odop_value; do
    if [ "$odop_key" = SigIgn: ]; then ODOP_LAUNCH="$$ $odop_value"; break; fi
  done </proc/$$/status
  while read -r odop_a odop_b odop_c odop_soft odop_rest; do
    if [ "$odop_a $odop_b $odop_c" = 'Max open files' ]; then ODOP_LAUNCH="$ODOP_LAUNCH $odop_soft"; break; fi
  done </proc/$$/limits
  for odop_fd in /proc/$$/fd/[0-9]*; do
    # Neither the shell's own script, nor what was open only while the folder was read.
    if [ -e "$odop_fd" ] && ! [ "$odop_fd" -ef "$0" ]; then ODOP_LAUNCH="$ODOP_LAUNCH ${odop_fd#/proc/$$/fd/}"; fi
  done
  ODOP_LAUNCH_ENVIRONMENT=$(base64 -w0 /proc/$$/environ 2>/dev/null)
  # One variable can hold 128 KiB.
  if [ ${#ODOP_LAUNCH_ENVIRONMENT} -gt 120000 ]; then ODOP_LAUNCH_ENVIRONMENT=; fi
  # What is meant for the application's Node must not act on odop's: a port for a debugger that the application then can't
  # have, a module that is preloaded, an option that this Node does not know. And odop speaks to nobody: reading further
  # certificates would take 70 ms of the start. The application and the tasks get these back with the rest of their environment.
  if [ -n "$ODOP_LAUNCH_ENVIRONMENT" ]; then unset NODE_OPTIONS NODE_V8_COVERAGE NODE_EXTRA_CA_CERTS; fi
  export ODOP_LAUNCH ODOP_LAUNCH_ENVIRONMENT
fi
if ! command -v node >/dev/null; then
  echo 'odop: node: command not found; odop needs Node.js 20.19 or newer in PATH' >&2
  exit 127
fi
exec node "$0" "$@"
*/
const fs = require('node:fs')
const { createRequire } = require('node:module')
const path = require('node:path')
const { pathToFileURL } = require('node:url')
const vm = require('node:vm')

const dist = path.join(path.dirname(fs.realpathSync(__filename)), '..', 'dist')

try {
  startProgram()
} catch (error) {
  startWithoutOdop(error)
}

/** The one file that is needed before the application's start; what it imports later are files beside it. */
function startProgram() {
  load('cli.cjs')
}

function load(name) {
  const file = path.join(dist, name)
  const script = compile(file, path.join(dist, name.replace('.cjs', '.cache')))
  const program = { exports: {} }
  script.runInThisContext()(program.exports, createRequire(file), program, file, dist, importLater)
  return program.exports
}

/** A script of `vm` can't import for itself. */
async function importLater(name) {
  return name.endsWith('.cjs') ? load(path.basename(name)) : import(pathToFileURL(path.join(dist, name)).href)
}

/** With the code that V8 has kept when it was built, a third of the start is saved; V8 refuses that of another version. */
function compile(file, cache) {
  const source = fs.readFileSync(file, 'utf8')
  const parameters = 'exports, require, module, __filename, __dirname, importLater'
  const script = new vm.Script(`(function (${parameters}) {${source}\n})`, {
    filename: file,
    cachedData: fs.existsSync(cache) ? fs.readFileSync(cache) : undefined,
  })
  if (process.env.ODOP_WRITE_CODE_CACHE) {
    process.once('exit', () => fs.writeFileSync(cache, script.createCachedData()))
  }
  return script
}

/** A damaged installation must not cost a job its application. */
function startWithoutOdop(error) {
  const [command, ...words] = process.argv.slice(2)
  const [program, ...args] = words.slice(words.indexOf('--') + 1)
  fs.writeSync(2, `odop: this installation is damaged, install it again: ${error.message}\n`)
  if (!['run', 'monitor'].includes(command) || !words.includes('--') || program === undefined) process.exit(1)
  fs.writeSync(2, 'odop: the application runs without odop\n')
  const { ODOP_LAUNCH, ODOP_LAUNCH_ENVIRONMENT = '', ...env } = process.env
  for (const entry of Buffer.from(ODOP_LAUNCH_ENVIRONMENT, 'base64').toString().split('\0')) {
    if (entry.startsWith('NODE_'))
      env[entry.slice(0, entry.indexOf('='))] = entry.slice(entry.indexOf('=') + 1)
  }
  const child = require('node:child_process').spawn(program, args, { stdio: 'inherit', env })
  for (const signal of ['SIGINT', 'SIGQUIT', 'SIGTERM', 'SIGHUP', 'SIGUSR1', 'SIGUSR2']) {
    process.on(signal, () => child.kill(signal))
  }
  child.once('error', ({ code }) => process.exit(code === 'ENOENT' ? 127 : 126))
  child.once('exit', (code, signal) => {
    process.exit(signal === null ? code : 128 + require('node:os').constants.signals[signal])
  })
}
