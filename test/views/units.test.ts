import { describe, expect, it } from 'vitest'
import { coreTimeText, counted, percentText, utcText } from '../../src/views/units.ts'

describe('percentText', () => {
  it.each([
    [0, '0%'],
    [0.0001, '<1%'],
    [0.005, '1%'],
    [0.5, '50%'],
    [1, '100%'],
  ])('%f: %s', (share, text) => expect(percentText(share)).toBe(text))
})

describe('coreTimeText', () => {
  it('counts seconds while there are few', () =>
    expect(coreTimeText(36.21, 40.1)).toBe('36.2 of 40.1 core-seconds'))
  it('then hours', () => expect(coreTimeText(36_000, 72_000)).toBe('10 of 20 core-hours'))
})

it('counted() knows one from many', () => {
  expect([0, 1, 2].map(count => counted(count, 'file'))).toEqual(['0 files', '1 file', '2 files'])
})

it('utcText() is to the second', () => {
  expect(utcText(Date.UTC(2026, 2, 1, 14, 5, 9, 999))).toBe('2026-03-01 14:05:09')
})
