import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'

interface Cell {
  readonly letter: string
  readonly style: { readonly bold?: boolean; readonly colour?: string }
}

// The scripts are plain JavaScript, without declarations.
const script: string = new URL('../../scripts/terminal-svg.js', import.meta.url).href
const { readScreen, terminalSvg } = (await import(script)) as {
  readScreen(text: string): Cell[][]
  terminalSvg(text: string, options: { title: string; columns: number }): string
}

const root = new URL('../../', import.meta.url)

describe('a terminal’s picture', () => {
  test('has what stands on the screen at the end', () => {
    const text = 'one 1 %\rone 2 %\r\n\x1b[1;32mgreen\x1b[0m plain\r\ngone\r\x1b[Kkept\r\n'
    const rows = readScreen(text)
    expect(rows.map(cells => cells.map(({ letter }) => letter).join(''))).toEqual([
      'one 2 %',
      'green plain',
      'kept',
    ])
    expect(rows[1]?.[0]?.style).toEqual({ bold: true, colour: '#4ade80' })
    expect(rows[1]?.[6]?.style).toEqual({})
  })

  test('keeps every letter in its column, and what XML would take for its own', () => {
    const svg = terminalSvg('a  \x1b[31mred <&>\x1b[0m   b c\n', { title: '"heat"', columns: 20 })
    expect(svg).toContain('<text x="41.2" y="43" textLength="58.8" fill="#f87171">red &lt;&amp;&gt;</text>')
    // Browsers make one space of several.
    expect(svg).toContain('<text x="125.2" y="43" textLength="25.2">b c</text>')
    expect(svg).toContain('aria-label="&quot;heat&quot;"')
  })
})

describe('README.md', () => {
  const pictures = [...readFileSync(new URL('README.md', root), 'utf8').matchAll(/!\[[^\]]+\]\(([^)]+)\)/g)]

  test('shows pictures that are there', () => {
    expect(pictures.length).toBeGreaterThan(0)
    for (const [, file = ''] of pictures) expect(existsSync(new URL(file, root))).toBe(true)
  })

  test('shows a terminal in which odop told its summary', () => {
    const svg = readFileSync(new URL('docs/pictures/terminal.svg', root), 'utf8')
    expect(svg).toContain('odop run')
    expect(svg).toContain('field-statistics')
  })
})
