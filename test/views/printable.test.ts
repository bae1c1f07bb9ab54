import { execFileSync } from 'node:child_process'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { commandText, firstLine, printable } from '../../src/views/printable.ts'

describe('printable', () => {
  it.each([
    ['plain text', 'plain text'],
    ['two\nlines', 'two\\nlines'],
    ['\x1b[2Jgone', '\\x1b[2Jgone'],
    ['\u0085', '\\u0085'],
    ['caf\udce9', 'caf\\xe9'],
    ['\ud800', '\ufffd'],
    ['abc\u202ecod.exe', 'abc\\u202ecod.exe'],
    ['👩‍🔬 温度', '👩‍🔬 温度'],
  ])('%j is shown as %j', (text, shown) => expect(printable(text)).toBe(shown))

  it('leaves nothing that a terminal would obey', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), text => {
        expect(printable(text)).not.toMatch(/[\p{Cc}\p{Cs}\u202e]/u)
      }),
    )
  })
})

describe('firstLine', () => {
  it('of a stack trace is its message', () =>
    expect(firstLine('\nTypeError: no\n    at reduce.ts:3')).toBe('TypeError: no'))
})

describe('commandText', () => {
  it('quotes only what needs it', () =>
    expect(commandText(['srun', '-n4', './my app', ''])).toBe("srun -n4 './my app' ''"))

  it('is read back by a shell as it was', () => {
    const words = ['a b', "it's", '$HOME', 'back\\slash', 'x*', '"q"', 'two\nlines', "tab\tand 'quote' \\"]
    const printed = execFileSync('bash', ['-c', `printf '%s\\0' ${commandText(words)}`], { encoding: 'utf8' })
    expect(printed.split('\0').slice(0, -1)).toEqual(words)
  })
})
