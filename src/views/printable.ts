/**
 * A name, a command or a message as it can be shown on a terminal: one line, and nothing in it that the terminal would
 * obey. Bytes that are not UTF-8 (lone surrogates, see `FilePath`) are shown as `\xNN`, as shells do.
 */
export function printable(text: string): string {
  return text.replace(unprintable, escaped)
}

/** The first line of a message that may have several, such as a stack trace. */
export function firstLine(text: string): string {
  return printable(text.trimStart().split(/\r?\n/, 1)[0] ?? '')
}

/** A command as a user could paste it into a shell. */
export function commandText(command: readonly string[]): string {
  return command.map(shellWord).join(' ')
}

/** One word of a shell command, quoted where it must be. */
export function shellWord(word: string): string {
  if (/^[\w@%+=:,./-]+$/.test(word)) return word
  if (printable(word) !== word) return `$'${printable(word.replace(/[\\']/g, '\\$&'))}'`
  return `'${word.replaceAll("'", "'\\''")}'`
}

// Control characters, line separators, those that turn the direction of text, and lone surrogates.
const unprintable = /[\p{Cc}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\p{Cs}]/gu

function escaped(char: string): string {
  const named = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }[char]
  if (named !== undefined) return named
  const code = char.charCodeAt(0)
  if (code >= 0xdc80 && code <= 0xdcff) return `\\x${(code - 0xdc00).toString(16)}`
  if (code >= 0xd800 && code <= 0xdfff) return '\ufffd'
  return code < 0x80 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`
}
