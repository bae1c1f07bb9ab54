import { printable } from '../../printable.ts'

/** Markup. Whatever comes from a run (names, commands, messages, logs) gets into it as text only, through `html`. */
export interface Html {
  readonly markup: string
}

type Part = Html | string | number | readonly Part[]

/** Markup with values in it: texts are escaped, for content and for quoted attributes alike; markup stays markup. */
export function html(texts: TemplateStringsArray, ...parts: readonly Part[]): Html {
  return { markup: texts.reduce((all, text, at) => all + markupOf(parts[at - 1] ?? '') + text) }
}

/** Only for what is part of odop itself. */
export function trusted(markup: string): Html {
  return { markup }
}

/** JSON that stands in a script element: nothing in it can end the element or begin a comment. */
export function scriptJson(value: unknown): Html {
  const json = JSON.stringify(value)
  return {
    markup: json
      .replaceAll('<', '\\u003c')
      .replaceAll('>', '\\u003e')
      .replaceAll('&', '\\u0026')
      .replaceAll('\u2028', '\\u2028')
      .replaceAll('\u2029', '\\u2029'),
  }
}

function markupOf(part: Part): string {
  if (typeof part === 'number') return String(part)
  if (typeof part === 'string') return escaped(printable(part))
  return 'markup' in part ? part.markup : part.map(markupOf).join('')
}

function escaped(text: string): string {
  return text.replace(/[&<>"'`]/g, char => `&#${char.charCodeAt(0)};`)
}
