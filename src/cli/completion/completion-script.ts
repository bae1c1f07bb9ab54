import type { Command } from '../command.ts'
import { type CommandPage, pageGroups } from '../help/command-pages.ts'
import { bashScript } from './bash.ts'
import { fishScript } from './fish.ts'
import { zshScript } from './zsh.ts'

const scripts: Readonly<Record<string, (pages: readonly CommandPage[]) => string>> = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
}

/** null: this shell is not known. */
export function completionScript(shell: string, commands: readonly Command[]): string | null {
  if (!Object.hasOwn(scripts, shell)) return null
  return scripts[shell]?.(pageGroups(commands).flatMap(({ pages }) => pages)) ?? null
}
