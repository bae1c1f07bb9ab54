/** A section of the page: one capability of the Python ODOP, and how it is had here. */
export interface Section {
  readonly title: string
  readonly blocks: readonly Block[]
  /** Which tests show it. */
  readonly shownBy: readonly { readonly file: string; readonly title: string }[]
}

/**
 * A block of code. `kind` is the second word behind the fence:
 *
 * - `task`: a task of ours, as a module or (in any other language than TypeScript) as a script
 * - `config`: a configuration of ours
 * - `program`, `policy`: other code of ours that is only compiled
 * - none: command lines where it is `sh`, else the Python ODOP's
 */
export interface Block {
  readonly language: string
  readonly kind: string
  readonly code: string
}

export function sectionsOf(page: string): Section[] {
  return page
    .split(/^## /m)
    .slice(1)
    .map(text => ({
      title: text.slice(0, text.indexOf('\n')),
      blocks: [...text.matchAll(/^```(\w+) ?(\w*)\n([\s\S]*?)^```$/gm)].map(
        ([, language = '', kind = '', code = '']) => ({ language, kind, code }),
      ),
      shownBy: [...text.matchAll(/^- `(test\/[^`]+)`: (.+)$/gm)].map(([, file = '', title = '']) => ({
        file,
        title,
      })),
    }))
}

export function isTheirs({ language, kind }: Block): boolean {
  return kind === 'theirs' || (language === 'python' && kind === '')
}

/** The words of each command line of odop, without a shell: nothing on the page needs one. */
export function commandLines({ language, kind, code }: Block): string[][] {
  if (language !== 'sh' || kind !== '') return []
  return code
    .split('\n')
    .filter(line => line.startsWith('odop '))
    .map(line =>
      line
        .replace(/\s+#.*$/, '')
        .split(/\s+/)
        .slice(1),
    )
}
