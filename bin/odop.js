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
  # odop itself speaks to nobody: reading further certificates would take 70 ms of the start. The application and the tasks
  # get the variable back with the rest of their environment.
  if [ -n "$ODOP_LAUNCH_ENVIRONMENT" ]; then unset NODE_EXTRA_CA_CERTS; fi
  export ODOP_LAUNCH ODOP_LAUNCH_ENVIRONMENT
fi
if ! command -v node >/dev/null; then
  echo 'odop: node: command not found; odop needs Node.js 20.19 or newer in PATH' >&2
  exit 127
fi
exec node "$0" "$@"
*/
const fs = require('node:fs')
const path = require('node:path')
const vm = require('node:vm')

// The program is compiled with the code that V8 has kept of it when it was built (a third of the start); for another
// version of Node V8 refuses that, and compiles it anew.
const dist = path.join(path.dirname(fs.realpathSync(__filename)), '..', 'dist')
const file = path.join(dist, 'cli.cjs')
const cache = path.join(dist, 'cli.cache')
const script = new vm.Script(
  `(function (exports, require, module, __filename, __dirname, importLater) {${fs.readFileSync(file, 'utf8')}\n})`,
  { filename: file, cachedData: fs.existsSync(cache) ? fs.readFileSync(cache) : undefined },
)
if (process.env.ODOP_WRITE_CODE_CACHE) {
  process.once('exit', () => fs.writeFileSync(cache, script.createCachedData()))
}
const { createRequire } = require('node:module')
const { pathToFileURL } = require('node:url')
const program = { exports: {} }
// A script of `vm` can't import for itself.
const importLater = name => import(pathToFileURL(path.join(dist, name)).href)
script.runInThisContext()(program.exports, createRequire(file), program, file, dist, importLater)
