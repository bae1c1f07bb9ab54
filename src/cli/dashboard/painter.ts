/** Draws frames on a terminal: only lines that have changed, each at its place, in one write: nothing flickers. */
export interface Painter {
  paint(lines: readonly string[]): void
  /** What is on the terminal counts for nothing: it has another size now, or is new. */
  clear(): void
}

export function newPainter(write: (text: string) => void): Painter {
  let shown: readonly string[] = []
  return {
    paint(lines) {
      const changes = changesOf(shown, lines)
      shown = lines
      if (changes !== '') write(changes)
    },
    clear() {
      shown = []
      write('\x1b[2J')
    },
  }
}

function changesOf(before: readonly string[], lines: readonly string[]): string {
  const count = Math.max(lines.length, before.length)
  let changes = ''
  for (let at = 0; at < count; at += 1) {
    const line = lines[at] ?? ''
    // Erased first: behind a line as wide as the terminal its last character would go.
    if (line !== (before[at] ?? '')) changes += `\x1b[${at + 1};1H\x1b[2K${line}`
  }
  return changes
}
