import { expect, test } from 'vitest'
import type { AttemptReport, AttemptSpec } from '../../../src/node/agent.ts'
import { systemCalls } from '../../../src/os/system-calls.ts'
import { createKeeperRig, type KeeperRig, until } from './keeper-rig.ts'

const kept = systemCalls() === null ? ' (skipped: runners are kept only with native calls)' : ''

/** What was noted, file by file, and by how many processes. */
function noted(rig: KeeperRig): { files: string[]; processes: number } {
  const lines = rig.exists('noted') ? rig.read('noted').trim().split('\n') : []
  return {
    files: lines.map(line => line.split(' ')[0] ?? ''),
    processes: new Set(lines.map(line => line.split(' ')[1])).size,
  }
}

async function started(rig: KeeperRig, task: string, files: readonly string[] = []): Promise<AttemptSpec> {
  const spec = rig.start(task, { files: files.map(file => `${rig.folder}/${file}`) })
  await until('it has begun', () => shortened(rig.reports).includes(`began ${spec.attempt}`))
  return spec
}

function shortened(reports: readonly AttemptReport[]): string[] {
  return reports.map(report =>
    report.type === 'returned' ? `returned ${report.lead}` : `${report.type} ${report.attempt}`,
  )
}

test.skipIf(kept)(
  `what follows begins in the same runner, in order, each at the end of the one before${kept}`,
  async () => {
    await using rig = createKeeperRig()
    const lead = await started(rig, 'function burns')
    const followers = rig.follow(lead, ['a', 'b', 'c']) ?? []
    const ends = [await rig.ended(lead)]
    for (const spec of followers) ends.push(await rig.ended(spec))
    expect(shortened(rig.reports)).toEqual(
      [lead, ...followers].flatMap(({ attempt }) => [`began ${attempt}`, `ended ${attempt}`]),
    )
    expect(ends.map(({ next }) => next)).toEqual([...followers.map(({ attempt }) => attempt), null])
    expect(ends.map(({ failure, fault }) => [failure, fault])).toEqual(Array(4).fill([null, 'attempt']))
    expect(noted(rig)).toEqual({ files: ['a', 'b', 'c'], processes: 1 })
  },
)

test.skipIf(kept)(`handed over in whatever moment, an attempt runs once${kept}`, async () => {
  await using rig = createKeeperRig()
  await rig.run('function returns')
  const expected: string[] = []
  for (let turn = 0; turn < 150; turn += 1) {
    const lead = rig.start('function notesFile', { files: [`${rig.folder}/lead${turn}`] })
    expected.push(`lead${turn}`)
    // More and more of the lead is over: from before its beginning to after its end.
    for (let pause = 0; pause < turn / 4; pause += 1) await new Promise(setImmediate)
    const followers = rig.follow(lead, [`x${turn}`, `y${turn}`])
    if (followers !== null) expected.push(`x${turn}`, `y${turn}`)
    for (const spec of [lead, ...(followers ?? [])]) await rig.ended(spec)
  }
  expect(noted(rig).files).toEqual(expected)
  expect(expected.length).toBeGreaterThan(151)
  expect(shortened(rig.reports).filter(report => report.startsWith('returned'))).toEqual([])
})

test.skipIf(kept)(`after an attempt that was told to end nothing begins${kept}`, async () => {
  await using rig = createKeeperRig()
  const lead = await started(rig, 'function completesWhenAborted')
  rig.follow(lead, ['a', 'b'])
  rig.client.terminate(lead.attempt, 30)
  await until('its followers came back', () => shortened(rig.reports).includes(`returned ${lead.attempt}`))
  expect(shortened(rig.reports)).toEqual([
    `began ${lead.attempt}`,
    `ended ${lead.attempt}`,
    `returned ${lead.attempt}`,
  ])
  await rig.run('function returns')
  expect(noted(rig).files).toEqual([])
})

test.skipIf(kept)(
  `a runner that dies with others in its hands leaves open which of them it was${kept}`,
  async () => {
    await using rig = createKeeperRig()
    const lead = await started(rig, 'function burnsAndDies')
    const followers = rig.follow(lead, ['a', 'b']) ?? []
    expect(await rig.ended(lead)).toMatchObject({ fault: 'unclear', next: null })
    await until('its followers came back', () => shortened(rig.reports).includes(`returned ${lead.attempt}`))
    expect([followers.length, noted(rig).files]).toEqual([2, []])
  },
)

test.skipIf(kept)(`one that says itself what has ended it leaves nothing open${kept}`, async () => {
  await using rig = createKeeperRig()
  const lead = await started(rig, 'function notesFileAndWaits', ['lead'])
  const [first, second] = rig.follow(lead, ['a'], 'function exits') ?? []
  expect(second).toBeUndefined()
  rig.client.terminate(lead.attempt, 30)
  await rig.ended(lead)
  const alone = await started(rig, 'function burns')
  const [exits] = rig.follow(alone, ['a', 'b'], 'function exits') ?? []
  expect(await rig.ended(exits ?? alone)).toMatchObject({
    failure: 'the task called process.exit(3)',
    fault: 'attempt',
    next: null,
  })
  await until('the other came back', () => shortened(rig.reports).includes(`returned ${exits?.attempt}`))
  expect(shortened(rig.reports)).not.toContain(`began ${first?.attempt}`)
})

test.skipIf(kept)(`a failure does not keep what follows from beginning${kept}`, async () => {
  await using rig = createKeeperRig()
  const lead = await started(rig, 'function burns')
  const [failing, after] = rig.follow(lead, ['a', 'b'], 'function throws') ?? []
  expect(await rig.ended(failing ?? lead)).toMatchObject({ failure: 'TypeError: thrown on purpose' })
  expect(await rig.ended(after ?? lead)).toMatchObject({ failure: 'TypeError: thrown on purpose' })
  expect(rig.log(failing ?? lead)).toContain('thrown on purpose')
  expect(rig.log(after ?? lead)).toContain('thrown on purpose')
})
