import { execFileSync, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { commands } from '../../src/cli/commands.ts'
import { pageGroups } from '../../src/cli/help/command-pages.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const page = fileURLToPath(new URL('../../man/odop.1', import.meta.url))

describe('man/odop.1', () => {
  test('is up to date (npm run man makes it)', () => {
    const check = ['--import', 'tsx', 'scripts/man.js', '--check']
    const { status, stderr } = spawnSync(process.execPath, check, { cwd: root, encoding: 'utf8' })
    expect([status, stderr]).toEqual([0, ''])
  })

  test('is what npm installs as the manual page', () => {
    const { man, files } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
    expect(man).toBe('man/odop.1')
    expect(files).toContain('man')
  })

  test.skipIf(!isInstalled('groff'))('is set by groff without a warning (needs groff)', () => {
    const { stdout, stderr } = spawnSync('groff', ['-man', '-ww', '-Tutf8', page], { encoding: 'utf8' })
    expect(stderr).toBe('')
    expectAllShown(stdout)
  })

  test.skipIf(!isInstalled('mandoc'))('is set by mandoc without a warning (needs mandoc)', () => {
    const { stdout } = spawnSync('mandoc', ['-T', 'lint', '-W', 'warning', page], { encoding: 'utf8' })
    expect(stdout).toBe('')
  })

  test.skipIf(!isInstalled('man'))('is shown by man (needs man)', () => {
    expectAllShown(
      execFileSync('man', ['-l', page], { encoding: 'utf8', env: { ...process.env, MANWIDTH: '80' } }),
    )
  })
})

/** Every command and option, with dashes that can be copied. */
function expectAllShown(text: string): void {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: what makes letters bold
  const shown = text.replace(/\x1b\[[\d;]*m|.\x08/g, '')
  for (const { name, options } of pageGroups(commands).flatMap(group => group.pages)) {
    expect(shown).toContain(`odop ${name}`)
    for (const option of options) expect(shown).toContain(`--${option.name}`)
  }
}

function isInstalled(program: string): boolean {
  return spawnSync('sh', ['-c', `command -v ${program}`], { stdio: 'ignore' }).status === 0
}
