import { expect, test } from 'vitest'
import { startBackground } from '../../src/triggers/background.ts'
import { Collector } from './watched.ts'

const fired = { task: 'reduce', files: [], version: null }

test('fires once by default, and as often as it has replicas', () => {
  const one = new Collector()
  startBackground(one.context({ kind: 'background' }))
  expect(one.fired).toEqual([fired])
  const three = new Collector()
  startBackground(three.context({ kind: 'background' }, { replicas: 3 }))
  expect(three.fired).toEqual([fired, fired, fired])
})

test('refills until it is closed', async () => {
  const collector = new Collector()
  const source = startBackground(collector.context({ kind: 'background' }))
  source.refill()
  expect(collector.fired).toHaveLength(2)
  await source.close()
  source.refill()
  expect(collector.fired).toHaveLength(2)
})
