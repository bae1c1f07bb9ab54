import { spawnSync } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { buildDriver } from './build-driver.ts'

let folder: string
let odop: string

beforeAll(async () => {
  ;({ folder, odop } = await buildDriver())
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Runs a script of bash in which `$ODOP` stands for odop, or for nothing. */
function outcomes(
  script: string,
  options: { readonly input?: Buffer; readonly env?: NodeJS.ProcessEnv } = {},
) {
  const run = (prefix: string) => {
    const { status, stdout, stderr } = spawnSync('bash', ['-c', script.replaceAll('$ODOP', prefix)], {
      cwd: folder,
      maxBuffer: 1 << 26,
      ...options,
    })
    return {
      status,
      stdout: stdout.toString('latin1').replaceAll(/^(pipe|socket):.*/gm, '$1'),
      stderr: stderr.toString('latin1'),
    }
  }
  return { without: run(''), with: run(`${odop} --`) }
}

const hasBash = existsSync('/bin/bash')

describe.skipIf(!hasBash)('exit codes are those of bash (skipped where there is no /bin/bash)', () => {
  beforeAll(() => {
    const files = path.join(folder, 'files')
    mkdirSync(path.join(files, 'folder'), { recursive: true })
    const write = (name: string, content: string | Buffer, mode: number) =>
      writeFileSync(path.join(files, name), content, { mode })
    write('no-permission', 'echo hi', 0o644)
    write('no-interpreter', '#!/no/such/interpreter\n', 0o755)
    write('no-shebang', 'echo "text: $1"; exit 7\n', 0o755)
    write('empty', '', 0o755)
    const foreign = Buffer.from(readFileSync(process.execPath).subarray(0, 4096))
    foreign.writeUInt16LE(0x1234, 18)
    write('foreign-program', foreign, 0o755)
    write('zeros', Buffer.alloc(100), 0o755)
    symlinkSync('loop', path.join(files, 'loop'))
  })

  test.each([
    ['code 0', '/bin/true'],
    ['code 1', '/bin/false'],
    ['code 42', 'sh -c "exit 42"'],
    ['code 255', 'sh -c "exit 255"'],
    ['SIGSEGV', "sh -c 'kill -SEGV $$'"],
    ['SIGTERM', "sh -c 'kill -TERM $$'"],
    ['SIGKILL', "sh -c 'kill -KILL $$'"],
    ['not in PATH', 'no-such-command-anywhere'],
    ['missing file', './files/nothing'],
    ['empty name', '""'],
    ['folder', './files/folder'],
    ['not executable', './files/no-permission'],
    ['not executable in PATH', 'no-permission'],
    ['missing interpreter', './files/no-interpreter'],
    ['text without #!', './files/no-shebang argument'],
    ['text without #! in PATH', 'no-shebang argument'],
    ['empty file', './files/empty'],
    ['program of another machine', './files/foreign-program'],
    ['binary rubbish', './files/zeros'],
    ['loop of links', './files/loop'],
    ['file as folder', './files/empty/app'],
    ['too many arguments', '/bin/true $(seq 1 400000)'],
  ])('%s', (_, command) => {
    const { with: wrapped, without } = outcomes(`PATH=$PWD/files:$PATH; $ODOP ${command}; exit $?`)
    expect(wrapped.status).toBe(without.status)
    expect(wrapped.stdout).toBe(without.stdout)
    // Whoever fails to execute says so in his own words, but nobody is silent, or talks for no reason.
    if (without.status === 126 || without.status === 127) expect(wrapped.stderr).not.toBe('')
    else
      expect(wrapped.stderr).toBe(
        without.stderr.replace(/^(bash: .*|Terminated|Killed|Segmentation fault.*)\n/gm, ''),
      )
  })

  test('a command that is not found is reported as a shell does', () => {
    const { with: wrapped } = outcomes('$ODOP no-such-command-anywhere')
    expect(wrapped.stderr).toBe('odop: no-such-command-anywhere: command not found\n')
  })
})

test('10 MB of random bytes pass through stdin and stdout unchanged', () => {
  const input = randomBytes(10_000_000)
  const { with: wrapped } = outcomes('$ODOP cat', { input })
  expect(wrapped.status).toBe(0)
  const sha = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex')
  expect(sha(Buffer.from(wrapped.stdout, 'latin1'))).toBe(sha(input))
})

/** Says all that a program can see of how it was started, but its numbers. */
const INSPECT = `
tr '\\0' '\\n' </proc/$$/environ | grep -v '^_=' | sort
grep -E '^Sig(Ign|Blk)|^Groups|^Cpus_allowed|^NoNewPrivs|^Umask' /proc/self/status
cat /proc/$$/limits /proc/$$/oom_score_adj
for fd in 0 1 2 3 4 5 9 63; do
  readlink /proc/$$/fd/$fd
  grep flags /proc/$$/fdinfo/$fd
done 2>/dev/null
set -- $(cut -d' ' -f 5-6,18,19 /proc/$$/stat) "$@"
[ "$1" = "$(cut -d' ' -f 5 /proc/$PPID/stat)" ] && echo same group
[ "$2" = "$(cut -d' ' -f 6 /proc/$PPID/stat)" ] && echo same session
shift 2
readlink /proc/$$/cwd
printf '%s\\n' "$@"
`

const onLinux = process.platform === 'linux'

describe.skipIf(!onLinux || !hasBash)(
  'the application inherits the same (skipped where there is no /proc or bash)',
  () => {
    const inspect = "bash INSPECT.sh 'an argument' '' $'new\\nline'"

    beforeAll(() => {
      writeFileSync(path.join(folder, 'inspect.sh'), INSPECT)
    })

    test.each([
      ['as called', '$ODOP INSPECT'],
      ['with an argument that is not UTF-8', "$ODOP INSPECT $'\\xff\\xfe latin' $'\\n'"],
      ['with stdin from a file', '$ODOP INSPECT <package.json'],
      ['with stdin closed', '$ODOP INSPECT <&-'],
      ['with stderr closed', '$ODOP INSPECT 2>&-'],
      ['with a smaller limit of open files', 'ulimit -Sn 321; $ODOP INSPECT'],
      ['under nohup', 'nohup $ODOP INSPECT'],
      ['with ignored signals', 'trap "" HUP INT USR1 PIPE TSTP; $ODOP INSPECT'],
      ['with more descriptors', 'exec 3<package.json 4>/dev/null 63<&0; $ODOP INSPECT'],
      ['with a function of bash', 'f() { echo f; }; export -f f; $ODOP INSPECT'],
      ['with a function of bash, under nohup', 'f() { echo f; }; export -f f; nohup $ODOP INSPECT'],
      [
        'with odd variables',
        'env a.b=1 "x y=2" "L=$(printf "\\\\344")" NODE_OPTIONS= SHLVL=7 OLDPWD=/ $ODOP INSPECT',
      ],
      ['with variables that the launcher uses', 'export odop_fd=1 odop_key=2; $ODOP INSPECT'],
      ['in a folder that was deleted', 'mkdir gone; cd gone; rmdir ../gone; $ODOP INSPECT 2>/dev/null'],
      ['through a symbolic link', 'ln -sfn bin link; cd link; $ODOP INSPECT'],
      ['through a process substitution', '$ODOP cat <(echo substituted) <(echo twice)'],
      ['with another umask and priority', 'umask 027; renice -n 5 $$ >/dev/null; $ODOP INSPECT'],
      ['from a pipe', 'echo text | $ODOP INSPECT | cat'],
    ])('%s', (_, script) => {
      const { with: wrapped, without } = outcomes(
        script.replace('INSPECT', () => inspect.replace('INSPECT', `${folder}/inspect`)),
        {
          input: Buffer.from('input'),
        },
      )
      expect(wrapped).toEqual(without)
      expect(wrapped.stdout.length).toBeGreaterThan(10)
    })

    test('node bin/odop.js works as well', () => {
      const { status, stdout } = spawnSync(process.execPath, [odop, '--', 'printenv', 'NAME'], {
        env: { ...process.env, NAME: 'ö' },
      })
      expect({ status, stdout: stdout.toString() }).toEqual({ status: 0, stdout: 'ö\n' })
    })

    test('without node in PATH it says so and exits with 127', () => {
      const { status, stderr } = spawnSync(odop, ['--', 'true'], { env: { PATH: '/nowhere' } })
      expect(status).toBe(127)
      expect(stderr.toString()).toContain('node: command not found')
    })
  },
)

const hasScript = spawnSync('script', ['--version']).status === 0

test.skipIf(!hasScript)('the terminal is the application’s (skipped where script(1) is missing)', () => {
  const command = `${odop} -- sh -c 'tty; test -t 0 && test -t 1 && test -t 2 && echo "all $(stty size)"; exit 5'`
  const { status, stdout } = spawnSync('script', ['-qec', `stty rows 33 cols 44; ${command}`, '/dev/null'])
  expect(stdout.toString()).toMatch(/^\/dev\/pts\/\d+\r\nall 33 44\r\n$/)
  expect(status).toBe(5)
})
