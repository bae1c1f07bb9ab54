/** Columns that a terminal needs for a text: wide for East Asian characters and emoji, none for combining marks. */
export function stringWidth(text: string): number {
  if (plain.test(text)) return text.length
  let width = 0
  for (const { segment } of graphemes().segment(text)) width += graphemeWidth(segment)
  return width
}

/** The text cut to at most `width` columns, with `…` where something is missing. */
export function truncate(text: string, width: number): string {
  return stringWidth(text) <= width ? text : `${headOf(text, width - 1)}…`
}

/** The text filled up with spaces to `width` columns; a wider text stays as it is. */
export function pad(text: string, width: number, align: 'left' | 'right' = 'left'): string {
  const filler = ' '.repeat(Math.max(0, width - stringWidth(text)))
  return align === 'left' ? text + filler : filler + text
}

/** Breaks a text into lines of at most `width` columns (at least 2): between words where it can. */
export function wrap(text: string, width: number): readonly string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    const longer = line === '' ? word : `${line} ${word}`
    if (stringWidth(longer) <= width) {
      line = longer
      continue
    }
    if (line !== '') lines.push(line)
    const parts = pieces(word, width)
    lines.push(...parts.slice(0, -1))
    line = parts.at(-1) ?? ''
  }
  return [...lines, line]
}

function pieces(word: string, width: number): readonly string[] {
  const parts: string[] = []
  let rest = word
  while (stringWidth(rest) > width) {
    const head = headOf(rest, width)
    parts.push(head)
    rest = rest.slice(head.length)
  }
  return [...parts, rest]
}

function headOf(text: string, width: number): string {
  if (plain.test(text)) return text.slice(0, Math.max(0, width))
  let head = ''
  let used = 0
  for (const { segment } of graphemes().segment(text)) {
    used += graphemeWidth(segment)
    if (used > width) break
    head += segment
  }
  return head
}

const plain = /^[\x20-\x7e\u2010-\u2027]*$/
const zeroWidth = /^[\p{Mark}\p{Cc}\p{Cf}]+$/u
const emoji =
  /\p{Emoji_Presentation}|\p{Extended_Pictographic}\ufe0f|^\p{Regional_Indicator}{2}|\ufe0f\u20e3/u
// Unicode's East Asian Width W and F, by block.
const wide =
  /^[\u1100-\u115f\u2329\u232a\u2630-\u2637\u268a-\u268f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe10-\ufe19\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{16fe0}-\u{18dff}\u{1aff0}-\u{1b2ff}\u{1d300}-\u{1d376}\u{1f200}-\u{1f2ff}\u{20000}-\u{3fffd}]/u

function graphemeWidth(grapheme: string): number {
  if (zeroWidth.test(grapheme)) return 0
  return emoji.test(grapheme) || wide.test(grapheme) ? 2 : 1
}

/** Made when it is needed: it loads tables for 20 ms, and odop's start must be quick. */
function graphemes(): Intl.Segmenter {
  segmenter ??= new Intl.Segmenter()
  return segmenter
}

let segmenter: Intl.Segmenter | undefined
