import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { commands } from '../../../src/cli/commands.ts'
import { completionScript } from '../../../src/cli/completion/completion-script.ts'
import { pageGroups } from '../../../src/cli/help/command-pages.ts'
import { createRig } from '../../rig/rig.ts'
import { isInstalled, withOdopInPath, writeScript } from './shell.ts'

const pages = pageGroups(commands).flatMap(group => group.pages)

test.skipIf(!isInstalled('zsh'))('zsh can read its script (needs zsh)', async () => {
  await using rig = createRig()
  execFileSync('zsh', ['-n', writeScript(rig, 'zsh')])
})

test.skipIf(!isInstalled('fish'))('fish can read its script (needs fish)', async () => {
  await using rig = createRig()
  execFileSync('fish', ['--no-execute', writeScript(rig, 'fish')])
})

test.skipIf(!isInstalled('fish'))('fish proposes what can follow (needs fish)', async () => {
  await using rig = createRig()
  const script = writeScript(rig, 'fish')
  const env = withOdopInPath(rig)
  await rig.odop(['run', '--name', 'heat', '--quiet', '--no-tasks', '--', 'true'])
  const proposed = (line: string) =>
    execFileSync('fish', ['--no-config', '-c', `source '${script}'; complete -C '${line}'`], {
      cwd: rig.folder,
      env,
      encoding: 'utf8',
    })
      .split('\n')
      .flatMap(row => (row === '' ? [] : [row.split('\t')[0]]))
  expect(proposed('odop dra')).toEqual(['drain'])
  expect(proposed('odop drain --for 2h ')).toEqual(['heat'])
  expect(proposed('odop run --policy ro')).toEqual(['round_robin'])
  expect(proposed('odop run --config completion.f')).toEqual(['completion.fish'])
  expect(proposed('odop run -- cat completion.f')).toEqual(['completion.fish'])
})

test('the script for zsh names all commands and options', () => {
  const script = completionScript('zsh', commands) ?? ''
  for (const { name, options } of pages) {
    const part = script.split(`\n  ${name})\n`)[1]?.split('\n    ;;')[0] ?? ''
    for (const option of options) expect(part).toMatch(new RegExp(`'\\*?--${option.name}(=-?)?\\[`))
  }
})

test('the script for fish names all commands and options', () => {
  const script = completionScript('fish', commands) ?? ''
  for (const { name, options } of pages) {
    expect(script).toContain(`__odop_first -a ${name} -d`)
    for (const option of options) expect(script).toContain(`'__odop_is ${name}' -l ${option.name} `)
  }
})

test('an unknown shell is said to be unknown', async () => {
  await using rig = createRig()
  const { code, stderr } = await rig.odop(['completion', 'tcsh'])
  expect(code).toBe(2)
  expect(stderr).toContain("got 'tcsh'")
})
