import { stripVTControlCharacters } from 'node:util'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { renderLines } from '../../src/views/lines.ts'
import { stringWidth } from '../../src/views/string-width.ts'
import { type Column, tableLines } from '../../src/views/table.ts'

interface Row {
  readonly name: string
  readonly count: number
  readonly words: string
}

const columns: readonly Column<Row>[] = [
  { head: 'Name', align: 'left', text: row => row.name },
  {
    head: 'Count',
    align: 'right',
    text: row => String(row.count),
    style: row => (row.count > 9 ? 'red' : null),
  },
  { head: 'Words', align: 'left', flexible: true, text: row => row.words },
]

function shown(rows: readonly Row[], width: number, colour = false): string {
  return renderLines(tableLines(rows, columns, width), { width, colour })
}

const rows = [
  { name: 'reduce', count: 7, words: 'a few' },
  { name: '温度', count: 12, words: '' },
]

it('lines up its columns, wide characters included', () => {
  expect(shown(rows, 80)).toBe('Name    Count  Words\nreduce      7  a few\n温度       12\n')
})

it('cuts flexible columns before it drops the last one', () => {
  const long = [{ name: 'reduce', count: 7, words: 'very many words' }]
  expect(shown(long, 27)).toBe('Name    Count  Words\nreduce      7  very many w…\n')
  expect(shown(long, 26)).toBe('Name    Count\nreduce      7\n')
})

it('colours a cell without moving the others', () => {
  const plain = stripVTControlCharacters(shown(rows, 80, true))
  expect(plain.split('\n').map(line => line.trimEnd())).toEqual(shown(rows, 80).split('\n'))
  expect(shown(rows, 80, true)).toContain('\x1b[31m')
})

it('is never wider than asked', () => {
  const row = fc.record({ name: fc.string({ unit: 'grapheme' }), count: fc.nat(), words: fc.lorem() })
  fc.assert(
    fc.property(fc.array(row, { maxLength: 3 }), fc.integer({ min: 20, max: 100 }), (some, width) => {
      for (const line of shown(some, width).split('\n')) expect(stringWidth(line)).toBeLessThanOrEqual(width)
    }),
  )
})
