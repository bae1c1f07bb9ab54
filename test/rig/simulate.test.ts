import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { createRig, odop, until } from './rig.ts'

test('odop simulate computes on the cores that it is told, in cycles, and ends by itself', async () => {
  await using rig = createRig()
  const words = ['--cpus', '0-0', '--busy', '400ms', '--idle', '200ms', '--cycles', '2', '--files', 'out']
  const simulation = rig.start([odop, 'simulate', ...words])
  await until('it computes', () => burners(rig.processes()).length === 1)
  const [burner = 0] = burners(rig.processes())
  await until('it is pinned', () => /^Cpus_allowed_list:\s*0$/m.test(status(burner)))
  const { code, stdout, stderr } = await simulation.finished
  expect([code, stderr]).toEqual([0, ''])
  const lines = stdout.toString().trim().split('\n')
  expect(lines[0]).toBe('simulating an application on core 0: 400ms busy, 200ms idle, at 100%')
  expect(lines.slice(1).map(line => line.replace(/^ *[\d.]+ s {2}/, ''))).toEqual([
    'cycle 1: busy for 400ms',
    'cycle 1: wrote out/step-0001.txt',
    'cycle 1: idle for 200ms',
    'cycle 2: busy for 400ms',
    'cycle 2: wrote out/step-0002.txt',
    'cycle 2: idle for 200ms',
    'ended',
  ])
  await until('nothing is left', () => rig.processes().length === 0, 5)
})

test.each(['SIGINT', 'SIGTERM'] as const)(
  '%s ends a simulation without an end, with all that belongs to it',
  async signal => {
    await using rig = createRig()
    const simulation = rig.start([odop, 'simulate', '--time', '1h', '--level', '20%'])
    await until('it computes', () => burners(rig.processes()).length > 0)
    process.kill(simulation.pid, signal)
    const { code, stdout } = await simulation.finished
    expect(code).toBe(0)
    expect(stdout.toString()).toMatch(new RegExp(`ended by ${signal}\n$`))
    await until('nothing is left', () => rig.processes().length === 0, 5)
  },
)

test('what computes ends when the simulation is killed', async () => {
  await using rig = createRig()
  const simulation = rig.start([odop, 'simulate', '--level', '20%'])
  await until('it computes', () => burners(rig.processes()).length > 0)
  process.kill(simulation.pid, 'SIGKILL')
  await until('nothing is left', () => rig.processes().length === 0, 5)
})

test('a simulation is an application to try tasks out with', async () => {
  await using rig = createRig()
  rig.write(
    'tasks/note.mjs',
    `import { fileIn, task } from 'odop'\nexport default task({ name: 'note', trigger: fileIn('out') }, ({ file, log }) => log(file))`,
  )
  const words = ['--busy', '300ms', '--idle', '300ms', '--cycles', '3', '--files', 'out', '--level', '50%']
  const { code } = await rig.odop([
    'run',
    '--name',
    'demo',
    '--drain',
    '--quiet',
    '--',
    odop,
    'simulate',
    ...words,
  ])
  expect(code).toBe(0)
  expect(rig.summary('demo')).toMatchObject({ tasks: [{ name: 'note', completed: 3 }] })
})

test('wrong words end a simulation before it begins', async () => {
  await using rig = createRig()
  const { code, stderr, stdout } = await rig.odop(['simulate', '--level', '200%', '--files', '/proc/none'])
  expect([code, stdout.toString()]).toEqual([2, ''])
  expect(stderr).toContain('--level: expected a percentage')
  expect((await rig.odop(['simulate', '--files', '/proc/none'])).stderr).toContain('--files: ')
})

function burners(processes: readonly { pid: number; command: string }[]): number[] {
  return processes.filter(({ command }) => command.includes('burn.cjs')).map(({ pid }) => pid)
}

function status(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/status`, 'utf8')
  } catch {
    return ''
  }
}
