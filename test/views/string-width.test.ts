import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { pad, stringWidth, truncate, wrap } from '../../src/views/string-width.ts'

describe('stringWidth', () => {
  it.each([
    ['', 0],
    ['reduce', 6],
    ['Gitterzählung', 13],
    ['e\u0301', 1],
    ['温度場', 6],
    ['ｆｕｌｌ', 8],
    ['ﾊﾝｶｸ', 4],
    ['한국', 4],
    ['🔥', 2],
    ['👩‍🔬', 2],
    ['🇩🇪', 2],
    ['☁️', 2],
    ['\u200b', 0],
  ])('%j takes %i columns', (text, width) => expect(stringWidth(text)).toBe(width))
})

const text = fc.string({ unit: 'grapheme', maxLength: 60 })

describe('truncate', () => {
  it('leaves what fits', () => expect(truncate('reduce', 6)).toBe('reduce'))
  it('marks what is missing', () => expect(truncate('reduce', 5)).toBe('redu…'))
  it('never cuts a wide character in two', () => expect(truncate('温度場', 4)).toBe('温…'))
  it('is never wider than asked', () => {
    fc.assert(
      fc.property(text, fc.integer({ min: 1, max: 70 }), (name, width) => {
        expect(stringWidth(truncate(name, width))).toBeLessThanOrEqual(width)
      }),
    )
  })
})

describe('pad', () => {
  it('counts columns, not characters', () => expect(pad('温', 4)).toBe('温  '))
  it('can fill on the left', () => expect(pad('7', 3, 'right')).toBe('  7'))
  it('leaves what is wider', () => expect(pad('reduce', 3)).toBe('reduce'))
})

describe('wrap', () => {
  it('breaks between words', () => expect(wrap('one two three', 8)).toEqual(['one two', 'three']))
  it('breaks a long word where it must', () =>
    expect(wrap('see /home/me/runs', 8)).toEqual(['see', '/home/me', '/runs']))
  it('loses nothing but the spaces it breaks at, and is never wider than asked', () => {
    fc.assert(
      fc.property(text, fc.integer({ min: 2, max: 30 }), (sentence, width) => {
        const lines = wrap(sentence, width)
        expect(lines.join('').replaceAll(' ', '')).toBe(sentence.replaceAll(' ', ''))
        for (const line of lines) expect(stringWidth(line)).toBeLessThanOrEqual(width)
      }),
    )
  })
})
