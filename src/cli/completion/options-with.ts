import type { CommandPage, OptionPage } from '../help/command-pages.ts'

/** The options of all commands for which it holds, each once and with its dashes. */
export function optionsWith(
  pages: readonly CommandPage[],
  holds: (option: OptionPage) => boolean,
): readonly string[] {
  const names = pages.flatMap(({ options }) => options.filter(holds).map(({ name }) => `--${name}`))
  return [...new Set(names)].sort()
}

/** A value has to be the next word. */
export function takesValue({ value }: OptionPage): boolean {
  return value !== null && value.optional !== true
}
