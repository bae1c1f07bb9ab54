import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { commands } from '../../../src/cli/commands.ts'
import { completionScript } from '../../../src/cli/completion/completion-script.ts'
import { pageGroups } from '../../../src/cli/help/command-pages.ts'
import { createRig } from '../../rig/rig.ts'
import { isInstalled, writeScript } from './shell.ts'

const pages = pageGroups(commands).flatMap(group => group.pages)

test.skipIf(!isInstalled('zsh'))('zsh can read its script (needs zsh)', async () => {
  await using rig = createRig()
  execFileSync('zsh', ['-n', writeScript(rig, 'zsh')])
})

test.skipIf(!isInstalled('fish'))('fish can read its script (needs fish)', async () => {
  await using rig = createRig()
  execFileSync('fish', ['--no-execute', writeScript(rig, 'fish')])
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
