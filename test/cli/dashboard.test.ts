import { expect, test } from 'vitest'
import { isInterrupt, keysOf } from '../../src/cli/dashboard/keys.ts'
import { newPainter } from '../../src/cli/dashboard/painter.ts'
import {
  drawLines,
  giveBackLines,
  regionHeight,
  retakeLines,
  takeLines,
} from '../../src/cli/dashboard/region.ts'

test('only lines that have changed are drawn, in one write', () => {
  const written: string[] = []
  const painter = newPainter(text => written.push(text))
  painter.paint(['a', 'b', 'c'])
  painter.paint(['a', 'x', 'c'])
  painter.paint(['a', 'x', 'c'])
  painter.paint(['a', 'x'])
  expect(written.slice(1)).toEqual(['\x1b[2;1H\x1b[2Kx', '\x1b[3;1H\x1b[2K'])
  painter.clear()
  painter.paint(['a'])
  expect(written.slice(3)).toEqual(['\x1b[2J', '\x1b[1;1H\x1b[2Ka'])
})

test('the lower lines are taken, drawn and given back without moving the cursor', () => {
  expect([24, 15, 14, 100].map(regionHeight)).toEqual([8, 5, 0, 12])
  expect(takeLines(24, 2)).toBe('\x1bD\x1bD\x1b[2A\x1b7\x1b[1;22r\x1b8')
  expect(drawLines(['a', 'b'], 24)).toBe(
    '\x1b7\x1b[1;22r\x1b[23;1H\x1b[0m\x1b(B\x1b[2Ka\x1b[24;1H\x1b[0m\x1b(B\x1b[2Kb\x1b8',
  )
  expect(giveBackLines(24, 2)).toBe('\x1b7\x1b[r\x1b[23;1H\x1b[0m\x1b(B\x1b[J\x1b8')
  expect(retakeLines(10, 0)).toBe('\x1b7\x1b[r\x1b8\x1b[J')
})

test('keys that come in one piece of input are taken one by one', () => {
  const named = (text: string, flags = {}) => keysOf(text, flags).map(({ name, text }) => name ?? text)
  expect(named('jj')).toEqual(['j', 'j'])
  expect(named('\t\t')).toEqual(['tab', 'tab'])
  expect(named('\tj\r')).toEqual(['tab', 'j', 'enter'])
  expect(named('ab\x7f\x7f')).toEqual(['a', 'b', 'backspace', 'backspace'])
  expect(named('日é')).toEqual(['日', 'é'])
  // One of its own, as ink knows it.
  expect(named('', { downArrow: true })).toEqual(['down'])
  expect(named('', { escape: true, meta: true })).toEqual(['escape'])
  // Escape and what came right behind it look like a key with Alt.
  expect(named('q', { meta: true })).toEqual(['escape', 'q'])
  expect(named('d', { ctrl: true })).toEqual([])
  expect(keysOf('j\x03', {}).map(isInterrupt)).toEqual([false, true])
})
