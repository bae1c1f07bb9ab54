import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { commands } from '../../src/cli/commands.ts'
import { nameOf, optionText, pageGroups } from '../../src/cli/help/command-pages.ts'
import { optionValues } from '../../src/cli/help/help-data.ts'
import { commandText, overviewText } from '../../src/cli/help/help-text.ts'
import { parseCommandLine } from '../../src/cli/parse.ts'
import { createRig } from '../rig/rig.ts'

const groups = pageGroups(commands)
const pages = groups.flatMap(group => group.pages)
const byName = pages.map(page => [page.name, page] as const)

describe('the help', () => {
  test('shows every command for users once, in a group that says what it is for', () => {
    const shown = commands.filter(({ hidden }) => hidden !== true).map(nameOf)
    expect(pages.map(({ name }) => name).sort()).toEqual([...shown].sort())
    expect(groups.map(({ title }) => title)).not.toContain('Others')
  })

  test.each(byName)('of `odop %s` has an example that the command line takes', async (_, { example }) => {
    // Up to what the shell would take: `odop completion bash > FILE`.
    const words = (example?.line ?? '').split(' > ')[0]?.split(' ').slice(1) ?? []
    const meant: string[] = []
    const problem = await parseCommandLine(words, async command => {
      meant.push(nameOf(command))
    })
    expect(problem).toBeNull()
    expect(meant).toHaveLength(1)
  })

  test.each(byName)('of `odop %s` says what each option takes', (_, { options }) => {
    const unknown = options.filter(({ name, value }) => value !== null && !Object.hasOwn(optionValues, name))
    expect(unknown.map(({ name }) => name)).toEqual([])
  })

  test.each(byName)('of `odop %s` names its options, and fits into its width', (_, page) => {
    const text = commandText(page, 80)
    for (const option of page.options) expect(text).toContain(`  ${optionText(option)}`)
    expect(tooLong(text, 80)).toEqual([])
  })

  test.each([60, 80, 100])('for all of odop fits into %i columns', width => {
    const text = overviewText(groups, width)
    for (const { name } of pages) expect(text).toMatch(new RegExp(`^  ${name}\\b`, 'm'))
    expect(tooLong(text, width)).toEqual([])
  })

  /** What can be copied is never cut: a line of an example, or of a usage, may be too long. */
  function tooLong(text: string, width: number): readonly string[] {
    return text.split('\n').filter(line => line.length > width && !/^ {0,2}odop /.test(line))
  }
})

describe('odop --help', () => {
  test('groups the commands and shows examples; nothing is launched', async () => {
    await using rig = createRig()
    const { code, stdout, stderr } = await rig.odop(['--help'])
    expect([code, stderr]).toEqual([0, ''])
    for (const { title } of groups) expect(stdout.toString()).toContain(`${title}\n`)
    expect(stdout.toString()).toContain('Examples\n  odop run')
  })

  test('of a command is that command’s, whatever else is said', async () => {
    await using rig = createRig()
    const { code, stdout } = await rig.odop(['run', '-h', '--no-such', '--', 'touch', 'launched'])
    expect(code).toBe(0)
    expect(stdout.toString()).toMatch(/^odop run \[options\] -- COMMAND…\n/)
    expect(rig.list('.')).not.toContain('launched')
  })

  test('that the application is asked for is the application’s', async () => {
    await using rig = createRig()
    const { stdout } = await rig.odop([
      'run',
      '--quiet',
      '--no-tasks',
      '--',
      'sh',
      '-c',
      'echo "$1"',
      'sh',
      '--help',
    ])
    expect(stdout.toString()).toBe('--help\n')
  })

  test('costs the start of an application nothing: its texts are loaded when asked for', () => {
    const program = readFileSync(new URL('../../dist/cli.cjs', import.meta.url), 'utf8')
    expect(program).not.toContain('Act on a run')
    expect(program).not.toContain('_odop_words')
  })
})
