import { execFileSync } from 'node:child_process'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { commands } from '../../../src/cli/commands.ts'
import { pageGroups } from '../../../src/cli/help/command-pages.ts'
import { createRig, type Rig } from '../../rig/rig.ts'
import { isInstalled, withOdopInPath, writeScript } from './shell.ts'

const pages = pageGroups(commands).flatMap(group => group.pages)

describe.skipIf(!isInstalled('bash'))('in bash (needs bash)', () => {
  let rig: Rig
  let script: string
  let environment: NodeJS.ProcessEnv

  beforeAll(async () => {
    rig = createRig()
    script = writeScript(rig, 'bash')
    environment = withOdopInPath(rig)
    rig.write('tasks/reduce.js', task('reduce'))
    await rig.odop(['run', '--name', 'heat', '--quiet', '--drain', '--', 'true'])
    rig.write('tasks/reduce.js', task('render'))
    await rig.odop(['run', '--name', 'wave', '--quiet', '--drain', '--', 'true'])
    rig.write('fields/a file.npy', '')
  })

  afterAll(() => rig[Symbol.asyncDispose]())

  /** What is proposed for the last word, as bash calls the function at a Tab. */
  function proposed(...words: readonly string[]): readonly string[] {
    const call = `source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
      _odop; ((\${#COMPREPLY[@]} == 0)) || printf '%s\\n' "\${COMPREPLY[@]}"`
    const output = execFileSync('bash', ['--norc', '-c', call, 'bash', script, 'odop', ...words], {
      cwd: rig.folder,
      env: environment,
      encoding: 'utf8',
    })
    return output.split('\n').slice(0, -1)
  }

  test('the first word is a command', () => {
    expect(proposed('')).toEqual([...pages.map(({ name }) => name), '--help', '--version'])
    expect(proposed('dr')).toEqual(['drain'])
  })

  test.each(pages.map(page => [page.name, page] as const))('`odop %s` has its options', (name, page) => {
    const options = page.options.map(option => `--${option.name}`)
    expect(proposed(name, '--')).toEqual([...options, '--help', ...(page.hasApplication ? ['--'] : [])])
  })

  test.each([
    ['runs, for a command that takes one', ['status', ''], ['heat', 'wave']],
    ['runs that begin so', ['drain', 'w'], ['wave']],
    ['a run’s name that is to go on', ['run', '--name', 'he'], ['heat']],
    ['runs after options and their values', ['drain', '--quiet', '--for', '2h', ''], ['heat', 'wave']],
    ['tasks of the run that is there', ['status', 'heat', '--task', ''], ['reduce']],
    ['tasks of the newest run', ['status', '--task', ''], ['render']],
    ['words that an option knows', ['run', '--policy', 'ro'], ['round_robin']],
    ['a value behind =, which is a word of its own for bash', ['run', '--policy', '=', 'f'], ['fifo']],
    ['all values right behind =', ['run', '--policy', '='], ['priority', 'fifo', 'round_robin', 'best_fit']],
    ['nothing where only the user can know', ['run', '--max-cpus', ''], []],
    ['options after an optional value that is left out', ['run', '--drain', '--qu'], ['--quiet']],
    ['files', ['run', '--config', 'completion.b'], ['completion.bash']],
    ['files with spaces, each as one', ['run', '--summary', 'fields/a'], ['fields/a file.npy']],
    ['folders, also the second of several', ['run', '--tasks', 'fields', 'ta'], ['tasks']],
    ['actions', ['tasks', 'ch'], ['check']],
    ['runs whose tasks are to be changed', ['tasks', 'remove', 'h'], ['heat']],
    ['tasks that are to be removed', ['tasks', 'remove', 'heat', 're'], ['reduce']],
    ['modules that are to be added', ['tasks', 'add', 'heat', 'completion.b'], ['completion.bash']],
    ['the shells', ['completion', ''], ['bash', 'zsh', 'fish']],
    ['the application’s files', ['run', '--', 'cat', 'completion.b'], ['completion.bash']],
    ['files of an application with options like odop’s', ['run', '--', 'x', '--name', 'fi'], ['fields']],
  ])('proposes %s', (_, words, expected) => {
    expect([...proposed(...words)].sort()).toEqual([...expected].sort())
  })

  test('proposes programs behind --', () => {
    expect(proposed('run', '--', 'mkfif')).toContain('mkfifo')
  })

  test('says nothing where odop is broken', () => {
    environment = { ...environment, PATH: '/usr/bin:/bin' }
    expect(proposed('status', '')).toEqual([])
  })

  test.skipIf(!isInstalled('script'))('completes what is typed at a prompt (needs script)', () => {
    const typed = `source '${script}'; odop() { echo "called: $*"; }\nodop dra\t--fo\t2h\nodop run --policy=bes\t\nexit\n`
    const seen = execFileSync('script', ['-qec', 'bash --norc --noprofile -i', '/dev/null'], {
      cwd: rig.folder,
      env: { ...environment, TERM: 'dumb', HISTFILE: '', INPUTRC: '/dev/null' },
      input: typed,
      encoding: 'utf8',
    })
    expect(seen).toContain('called: drain --for 2h')
    expect(seen).toContain('called: run --policy=best_fit')
  })
})

function task(name: string): string {
  return `import { fileIn, task } from 'odop'
export default task({ name: '${name}', trigger: fileIn('data'), cpus: 1, memory: '10M', time: '1m' }, () => {})`
}
