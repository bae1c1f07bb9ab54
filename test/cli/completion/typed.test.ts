import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { createRig, type Rig } from '../../rig/rig.ts'
import { hasTmux, openTerminal, type Terminal } from '../../rig/tmux.ts'
import { isInstalled, withOdopInPath, writeScript } from './shell.ts'

/** How each is started by a user who has set completion up as the documentation says; `%` stands for the rig's folder. */
const SHELLS = {
  zsh: {
    command: 'zsh -f -i',
    setUp: ["PS1='ready> '", 'fpath=(% $fpath)', 'autoload -Uz compinit', 'compinit -u -D'],
    installed: '_odop',
  },
  fish: {
    command: 'fish --no-config -i',
    setUp: ["function fish_prompt; echo 'ready> '; end", 'source %/completion.fish'],
    installed: 'completion.fish',
  },
} as const

describe.each(['zsh', 'fish'] as const)('at the prompt of %s', shell => {
  const isHere = hasTmux && isInstalled(shell)

  describe.skipIf(!isHere)(`(skipped where ${shell} or tmux is missing)`, () => {
    let rig: Rig
    let environment: Readonly<Record<string, string>>

    beforeAll(async () => {
      rig = createRig()
      const script = writeScript(rig, shell)
      rig.write(SHELLS[shell].installed, readFileSync(script))
      await rig.odop(['run', '--name', 'heat', '--quiet', '--no-tasks', '--', 'true'])
      environment = { PATH: withOdopInPath(rig)['PATH'] ?? '', HOME: rig.folder, XDG_DATA_HOME: rig.folder }
    }, 60_000)

    afterAll(() => rig?.[Symbol.asyncDispose]())

    async function atPrompt(): Promise<Terminal> {
      const terminal = openTerminal(rig, [100, 30], environment)
      terminal.type(SHELLS[shell].command)
      for (const line of SHELLS[shell].setUp) terminal.type(line.replaceAll('%', rig.folder))
      terminal.type('clear')
      await terminal.see('the prompt', (_, lines) => lines[0]?.trimEnd() === 'ready>')
      return terminal
    }

    test.each([
      ['a command', 'odop dra', 'odop drain'],
      ['a run', 'odop status he', 'odop status heat'],
      ['a word that an option knows', 'odop run --policy ro', 'odop run --policy round_robin'],
    ])(
      'a Tab completes %s',
      async (_, typed, completed) => {
        await using terminal = await atPrompt()
        terminal.write(typed)
        terminal.key('Tab')
        await terminal.see('what is completed', (_, lines) => lines[0]?.trimEnd() === `ready> ${completed}`)
      },
      60_000,
    )

    test('a Tab shows both commands that begin so', async () => {
      await using terminal = await atPrompt()
      terminal.write('odop ru')
      terminal.key('Tab')
      await terminal.see('the first', (_, lines) => lines[0]?.startsWith('ready> odop run') === true)
      terminal.key('Tab')
      await terminal.see('both', text => /\bruns\b/.test(text))
    }, 60_000)
  })
})
