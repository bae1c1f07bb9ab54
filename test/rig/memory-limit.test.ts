import { expect, test } from 'vitest'
import { createRig } from './rig.ts'

/** Takes more and more without ever looking up, so that only SIGKILL ends it. */
const HOG = `
import { fileIn, task } from 'odop'
export default task({ name: 'hog', trigger: fileIn('data'), memory: '200M', retries: 0 }, () => {
  const taken = []
  for (const end = Date.now() + 40_000; Date.now() < end; ) {
    if (taken.length < 30) taken.push(Buffer.alloc(1e7, 1))
  }
})
`

test('an attempt over its memory limit gets no grace, in which it would take more', {
  timeout: 90_000,
}, async () => {
  await using rig = createRig()
  rig.write('tasks/hog.mjs', HOG)
  rig.write('data/file', 'x')
  const environment = { ODOP_GRACE: '60s' }
  const { code } = await rig.odop(['run', '--name', 'hog', '--drain', '--', 'true'], { environment })
  expect(code).toBe(0)
  const ended = rig.events('hog').find(event => event.type === 'attempt-ended')
  expect(ended).toMatchObject({ outcome: 'failed', reason: expect.stringContaining('memory limit of 200M') })
  expect(ended?.usage.wallSeconds).toBeLessThan(30)
})
