import { existsSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { expect, test } from 'vitest'
import type { OdopEvent } from '../../src/core/events.ts'
import { createRig, odop, type Rig, until } from './rig.ts'

type Ended = Extract<OdopEvent, { type: 'attempt-ended' }>

const names = (count: number) => Array.from({ length: count }, (_, number) => `f${number}`)

function ends(rig: Rig, run: string): Ended[] {
  return rig.events(run).filter(event => event.type === 'attempt-ended')
}

test('many small items are each processed once, one after the other in the same runner', {
  timeout: 120_000,
}, async () => {
  await using rig = createRig()
  rig.write(
    'tasks/note.mjs',
    `import { appendFileSync } from 'node:fs'
     import { fileIn, task } from 'odop'
     export default task({ name: 'note', trigger: fileIn('data') }, ({ file }) => appendFileSync('noted', file + ' ' + process.pid + '\\n'))`,
  )
  for (const name of names(400)) rig.write(`data/${name}`, 'x')
  const { code, stderr } = await rig.odop(['run', '--name', 'small', '--drain', '--', 'true'])
  expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' })
  const lines = rig.read('noted').trim().split('\n')
  expect(new Set(lines.map(line => line.split(' ')[0])).size).toBe(400)
  expect(lines).toHaveLength(400)
  expect(new Set(lines.map(line => line.split(' ')[1])).size).toBeLessThanOrEqual(4)

  const events = rig.events('small')
  const starts = events.filter(event => event.type === 'attempt-started')
  expect([starts.length, ends(rig, 'small').map(({ outcome }) => outcome)]).toEqual([
    400,
    Array(400).fill('completed'),
  ])
  heldOnce(events)
})

/** At no point of the journal has a core two attempts. */
function heldOnce(events: readonly OdopEvent[]): void {
  const holders = new Map<string, number>()
  for (const event of events) {
    if (event.type === 'attempt-started') {
      for (const core of event.placement.cores) {
        expect(holders.get(event.attempt) ?? core).toBe(core)
        expect([...holders.values()]).not.toContain(core)
        holders.set(event.attempt, core)
      }
    } else if (event.type === 'attempt-ended') holders.delete(event.attempt)
  }
}

test('an item that kills its runner is found out, and costs the others nothing', {
  timeout: 120_000,
}, async () => {
  await using rig = createRig()
  rig.write(
    'tasks/note.mjs',
    `import { fileIn, task } from 'odop'
     export default task({ name: 'note', trigger: fileIn('data'), retries: 0 }, ({ file }) => {
       if (file.endsWith('f150')) process.kill(process.pid, 'SIGKILL')
     })`,
  )
  for (const name of names(300)) rig.write(`data/${name}`, 'x')
  const { code } = await rig.odop(['run', '--name', 'guilty', '--drain', '--', 'true'])
  expect(code).toBe(0)
  expect(rig.summary('guilty')['tasks']).toMatchObject([{ completed: 299, failed: 1, left: 0 }])
  const failed = ends(rig, 'guilty').filter(({ outcome }) => outcome === 'failed')
  const queued = rig.events('guilty').filter(event => event.type === 'item-queued')
  const guilty = queued.find(({ item }) => item.files[0]?.endsWith('f150'))
  expect(failed.map(({ item }) => item)).toEqual([guilty?.item.id])
})

test('what waits in a runner when the application ends is left for the next run, not lost', {
  timeout: 120_000,
}, async () => {
  await using rig = createRig()
  rig.write(
    'tasks/note.mjs',
    `import { appendFileSync } from 'node:fs'
     import { setTimeout } from 'node:timers/promises'
     import { fileIn, task } from 'odop'
     export default task({ name: 'note', trigger: fileIn('data') }, async ({ file, signal }) => {
       await setTimeout(50, undefined, { signal })
       appendFileSync('noted', file + '\\n')
     })`,
  )
  for (const name of names(200)) rig.write(`data/${name}`, 'x')
  const run = rig.start(odopRun('cut'))
  await until('some are done', () => hasJournal(rig) && ends(rig, 'cut').length > 10)
  rig.write('end', '')
  await run.finished
  const drained = await rig.odop(['drain', 'cut'])
  expect(drained.code).toBe(0)
  const lines = rig.read('noted').trim().split('\n')
  expect(new Set(lines).size).toBe(200)
  // What was told to end may just have done its work: it counts as not done, and is done again.
  const requeued = ends(rig, 'cut').filter(({ outcome }) => outcome === 'requeued')
  expect(requeued.length).toBeLessThanOrEqual(os.availableParallelism())
  expect(lines.length - 200).toBeLessThanOrEqual(requeued.length)
})

function hasJournal(rig: Rig): boolean {
  return existsSync(path.join(rig.odopPath, 'runs', 'cut', 'events.ndjson'))
}

function odopRun(name: string): string[] {
  return [odop, 'run', '--name', name, '--', 'sh', '-c', 'until [ -e end ]; do sleep 0.1; done']
}
