import { expect, test } from 'vitest'
import type { Trigger } from '../../src/core/model.ts'
import { startTrigger } from '../../src/triggers/start-trigger.ts'
import { writeFile } from './files.ts'
import { Collector, eventually, Place } from './watched.ts'

const common = { filter: null, recursive: false, settleSeconds: 1 }
const TRIGGERS: Trigger[] = [
  { kind: 'file-in', folder: '.', batchSize: 1, flush: 'never', ...common },
  { kind: 'file-updated', path: 'x', ...common },
  { kind: 'timer', everySeconds: 0.01 },
  { kind: 'background' },
]

test.each(TRIGGERS)('$kind starts, fires and closes', async trigger => {
  await using place = await Place.make()
  await writeFile(place.path('x'), 'x')
  const collector = new Collector()
  const source = await startTrigger(collector.context(trigger, { cwd: place.folder }))
  await eventually(() => expect(collector.fired.length).toBeGreaterThan(0))
  await source.flush({ incompleteBatches: true })
  await source.close()
  collector.drop()
  expect(collector.warnings).toEqual([])
})

test('an impossible path is said, and does not throw', async () => {
  const collector = new Collector()
  const trigger: Trigger = { kind: 'file-in', folder: 'a\0b', batchSize: 1, flush: 'never', ...common }
  const source = await startTrigger(collector.context(trigger, { cwd: '/' }))
  await source.flush({ incompleteBatches: true })
  await source.close()
  expect(collector.warnings).toHaveLength(1)
})

test('an engine that throws when told is said, and the next file fires', async () => {
  await using place = await Place.make()
  const collector = new Collector()
  const context = collector.context(
    { kind: 'file-in', folder: '.', batchSize: 1, flush: 'never', ...common },
    { cwd: place.folder },
  )
  let calls = 0
  const source = await startTrigger({
    ...context,
    fire: fired => {
      calls += 1
      if (calls === 1) throw new Error('the disk is full')
      context.fire(fired)
    },
  })
  await writeFile(place.path('x'), 'x')
  await eventually(() => expect(collector.warnings).toHaveLength(1))
  await writeFile(place.path('y'), 'y')
  await eventually(() => expect(collector.files).toEqual([place.path('y')]))
  await source.close()
  expect(collector.warnings[0]).toContain('the disk is full')
})
