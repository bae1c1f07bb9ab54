import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import type { AttemptEnded, AttemptStarted, OdopEvent } from '../../src/core/events.ts'
import { fakeNvidiaSmi, fakeTool, UUIDS } from '../node/observe/gpus/fake-tools.ts'
import { createRig, odop, type Rig, until } from './rig.ts'

/** Goes on until the test has seen enough. */
const APPLICATION = ['sh', '-c', 'while [ ! -e enough ]; do sleep 0.1; done; exit 42']

const isLinux = process.platform === 'linux'
const MIB = 2 ** 20

describe.skipIf(!isLinux)('GPUs (needs Linux)', () => {
  test('a task gets the idle GPU, the others see none, and the summary tells of both', async () => {
    await using rig = createRig()
    const bin = path.join(rig.folder, 'bin')
    const tool = fakeNvidiaSmi(bin)
    // The application computes on the first one.
    tool.gpus(`0, ${UUIDS[0]}, 100, 40000, 80000\n1, ${UUIDS[1]}, 0, 3, 80000\n`)
    tool.apps(`1, ${UUIDS[0]}, 39000\n`)
    rig.write('tasks/tasks.mjs', TASKS)
    const run = rig.start([odop, 'run', '--name', 'g', '--', ...APPLICATION], inPath(bin))
    const results = ['on-gpu', 'plain', 'own'].map(file => path.join(rig.folder, file))
    await until('the tasks have told what they see', () => results.every(file => existsSync(file)), 60)
    rig.write('enough', '')
    expect((await run.finished).code).toBe(42)

    expect(rig.read('on-gpu')).toBe('CUDA=1 order=PCI_BUS_ID ROCR= HIP= odop=1\n')
    expect(JSON.parse(rig.read('plain'))).toEqual({ cuda: '', rocr: '', gpus: [] })
    expect(rig.read('own')).toBe('CUDA=7\n')
    expect(placementsOf(rig.events('g'), 'onGpu')).toMatchObject([{ gpus: [1] }])
    const { nodes, notes } = rig.summary('g') as { nodes: { gpus: unknown[] }[]; notes: string[] }
    expect(nodes[0]?.gpus).toEqual([
      { index: 0, use: 1, memoryBytes: { limit: 80000 * MIB, peak: 40000 * MIB } },
      { index: 1, use: 0, memoryBytes: { limit: 80000 * MIB, peak: 3 * MIB } },
    ])
    expect(notes.join('\n')).toContain('tooMany can never run here: needs 3 GPUs, but a node has at most 2')
    expect(rig.read('.odop-path/runs/g/summary.txt')).toMatch(/^GPU 0 .*used 100%/m)
    const page = (await rig.odop(['report', 'g', '--format', 'html', '--output', '-'])).stdout.toString()
    expect(page).toContain('<th scope="col">GPUs</th>')
    expect(page).toContain('0: used 100%, memory 39.1G of 78.1G; 1: used 0%, memory 3M of 78.1G')
    expect(metricsOf(rig, 'g')).toMatch(
      /^time,.*,gpu0,gpu0_memory_bytes,gpu1,gpu1_memory_bytes\n(.*\n)*.*,1,41943040000,0,3145728\n/,
    )
  }, 90_000)

  test('an attempt gives its GPU back when the application comes to it, and is tried again later', async () => {
    await using rig = createRig()
    const bin = path.join(rig.folder, 'bin')
    const tool = fakeNvidiaSmi(bin)
    tool.gpus(`0, ${UUIDS[0]}, 0, 3, 80000\n`)
    rig.write(
      'tasks/hold.mjs',
      `import { task } from 'odop'
export default task({ name: 'hold', gpus: 'all', maxRuns: 1, command: () => ['sh', '-c', 'while [ ! -e done ]; do sleep 0.1; done'] })\n`,
    )
    const run = rig.start([odop, 'run', '--name', 'g', '--', ...APPLICATION], inPath(bin))
    const attempts = () => placementsOf(eventsOf(rig, 'g'), 'hold').length
    await until('the attempt runs', () => attempts() === 1, 60)
    tool.apps(`1, ${UUIDS[0]}, 500\n`)
    const ends = () =>
      eventsOf(rig, 'g').filter((event): event is AttemptEnded => event.type === 'attempt-ended')
    await until('it has left', () => ends().length === 1, 60)
    expect(ends()[0]).toMatchObject({ outcome: 'requeued', reason: 'the application uses GPU 0' })
    const waiting = await rig.odop(['status', 'g', '--json'])
    expect(JSON.parse(waiting.stdout.toString()).tasks).toMatchObject([{ name: 'hold', pending: 1 }])
    tool.apps('')
    await until('it runs again', () => attempts() === 2, 60)
    rig.write('done', '')
    await until('it has completed', () => ends().length === 2, 60)
    rig.write('enough', '')
    expect((await run.finished).code).toBe(42)
    expect(ends().map(({ outcome }) => outcome)).toEqual(['requeued', 'completed'])
  }, 120_000)

  test('a tool that hangs costs the application nothing, and nothing is left of it', async () => {
    await using rig = createRig()
    const bin = path.join(rig.folder, 'bin')
    fakeTool(bin, 'nvidia-smi', `echo asked > '${rig.folder}/asked'; while :; do sleep 1; done`)
    rig.write('tasks/want.mjs', `import { task } from 'odop'\nexport default task({ gpus: 1 }, () => {})\n`)
    const run = rig.start([odop, 'run', '--name', 'g', '--', ...APPLICATION], inPath(bin))
    await until('the tool was asked', () => existsSync(path.join(rig.folder, 'asked')))
    const began = Date.now()
    writeFileSync(path.join(rig.folder, 'enough'), '')
    expect((await run.finished).code).toBe(42)
    // Its deadline is 20 s.
    expect(Date.now() - began).toBeLessThan(15_000)
    await until('all is gone', () => rig.processes().every(({ command }) => command.startsWith('sleep')))
    expect(metricsOf(rig, 'g')).not.toContain('gpu')
  }, 60_000)

  test('without GPUs a task that asks for one can never run, and that is said at the start', async () => {
    await using rig = createRig()
    rig.write('tasks/want.mjs', `import { task } from 'odop'\nexport default task({ gpus: 1 }, () => {})\n`)
    const run = rig.start([odop, 'run', '--name', 'g', '--', ...APPLICATION], {
      environment: { PATH: `${path.dirname(process.execPath)}:/usr/bin:/bin`, CUDA_VISIBLE_DEVICES: '' },
    })
    const said = 'want can never run here: needs 1 GPU, but there is none in this allocation'
    await until('it is said', () => run.stderr().includes(said), 60)
    rig.write('enough', '')
    expect((await run.finished).code).toBe(42)
  }, 90_000)
})

const TASKS = `
import { writeFileSync } from 'node:fs'
import { task } from 'odop'
const see = (format, file) => ['sh', '-c', \`printf '%s\\\\n' "\${format}" > \${file}.part && mv \${file}.part \${file}\`]
export const onGpu = task({ gpus: 1, maxRuns: 1, command: () =>
  see('CUDA=$CUDA_VISIBLE_DEVICES order=$CUDA_DEVICE_ORDER ROCR=$ROCR_VISIBLE_DEVICES HIP=$HIP_VISIBLE_DEVICES odop=$ODOP_GPUS', 'on-gpu') })
export const plain = task({ maxRuns: 1 }, ({ gpus }) => {
  const { CUDA_VISIBLE_DEVICES: cuda, ROCR_VISIBLE_DEVICES: rocr } = process.env
  writeFileSync('plain', JSON.stringify({ cuda, rocr, gpus }))
})
export const own = task({ maxRuns: 1, env: { CUDA_VISIBLE_DEVICES: '7' }, command: () => see('CUDA=$CUDA_VISIBLE_DEVICES', 'own') })
export const tooMany = task({ gpus: 3 }, () => {})
`

function inPath(bin: string) {
  return { environment: { PATH: `${bin}:${process.env['PATH']}` } }
}

/** Empty as long as there is no journal. */
function eventsOf(rig: Rig, run: string): OdopEvent[] {
  return existsSync(path.join(rig.odopPath, 'runs', run, 'events.ndjson')) ? rig.events(run) : []
}

function placementsOf(events: readonly OdopEvent[], task: string) {
  return events
    .filter((event): event is AttemptStarted => event.type === 'attempt-started' && event.task === task)
    .map(({ placement }) => placement)
}

function metricsOf(rig: Rig, run: string): string {
  const folder = `.odop-path/runs/${run}/metrics`
  const [file = ''] = rig.list(folder)
  return readFileSync(path.join(rig.folder, folder, file), 'utf8')
}
