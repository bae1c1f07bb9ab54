import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { loadConfiguration } from '../../src/config.ts'
import { temporaryFolder } from '../tasks/task-folder.ts'

/** As those are that come with the Python ODOP's examples. */
const OLD = `
runtime:
  frequency: 1
  run_name: "heat equation"
  algorithm: best_fit
  host: "0.0.0.0"
  info_api_port: 8000
  engine_port: 8003
  controller_port: 8004
  resubmit_wait_time: 90
  n_stored_metric: 100

  scheduling:
    max_task_failures: 5
    cpu_free_threshhold: 50
    excluded_cpus: [0, 1]

odop_obs:
  process:
    frequency: 1
  exporter:
    host: "0.0.0.0"
    port: 8001
`

function load(content: string, name = 'odop_conf.yaml') {
  const cwd = temporaryFolder({ [name]: content })
  return loadConfiguration({
    cwd,
    environment: { HOME: cwd },
    flags: {},
    file: name === 'odop_conf.yaml' ? null : name,
  })
}

describe('a configuration of the Python ODOP', () => {
  it('gives the same settings, and says in one line what became of each key', async () => {
    const { configuration, problems, notes } = await load(OLD)
    expect(problems).toEqual([])
    expect(configuration).toMatchObject({
      name: 'heat-equation',
      policy: 'best_fit',
      retries: 5,
      retryDelaySeconds: 90,
      idleThreshold: 0.5,
      excludeCpus: [0, 1],
    })
    expect(notes).toHaveLength(1)
    const [note = ''] = notes
    expect(note).not.toContain('\n')
    expect(note).toContain('odop_conf.yaml: read as a configuration of the Python ODOP: ')
    for (const [old, ours] of [
      ['run_name', "name ('heat-equation', by which a later run goes on where this one ends)"],
      ['algorithm', 'policy'],
      ['cpu_free_threshhold', 'idleThreshold'],
      ['excluded_cpus', 'excludeCpus'],
      ['max_task_failures', 'retries'],
      ['resubmit_wait_time', 'retryDelay'],
    ]) {
      expect(note).toContain(`${old} → ${ours}`)
    }
    expect(note).toContain(' frequency (odop adapts its pace by itself), ')
    expect(note).toContain('host, info_api_port (odop opens no port unless asked for)')
    expect(note).toContain('engine_port, controller_port (')
    expect(note).toContain('n_stored_metric (metrics are appended to files')
    expect(note).toContain('odop_obs (')
  })

  it('the same through --config, whatever its name is', async () => {
    const { configuration, notes } = await load(OLD, 'my_odop.yaml')
    expect([configuration.retries, notes.length]).toEqual([5, 1])
  })

  it('is found in ODOP_PATH, where it used to be, when there is no other one', async () => {
    const cwd = temporaryFolder({
      'odop/odop_conf.yaml': OLD,
      'work/.keep': '',
      'other/.odoprc': 'retries: 1',
    })
    const environment = { HOME: cwd, ODOP_PATH: path.join(cwd, 'odop') }
    const at = (folder: string) =>
      loadConfiguration({ cwd: path.join(cwd, folder), environment, flags: {}, file: null })
    expect((await at('work')).configuration).toMatchObject({ retries: 5, odopPath: environment.ODOP_PATH })
    expect((await at('other')).configuration.retries).toBe(1)
  })

  it('keys without their sections, the threshold in the right spelling, and keys of ours beside them', async () => {
    const { configuration, problems } = await load(
      'run_name: r1\ncpu_free_threshold: 20\nfrequency: 1\nmaxCpus: 3\n',
    )
    expect(problems).toEqual([])
    expect(configuration).toMatchObject({ name: 'r1', idleThreshold: 0.2, maxCpus: 3 })
  })

  it('what runtime itself says counted, not what its scheduling says; keys of ours go first', async () => {
    const content =
      'retries: 1\nruntime:\n  cpu_free_threshhold: 30\n  max_task_failures: 7\n  scheduling:\n    cpu_free_threshhold: 50\n'
    expect((await load(content)).configuration).toMatchObject({ idleThreshold: 0.3, retries: 1 })
  })

  it('an unknown key is said with what was probably meant, and the rest holds', async () => {
    const { configuration, problems, notes } = await load(
      'runtime:\n  exluded_cpus: [0]\n  max_task_failures: 2\n  colour: red\n  host:\n',
    )
    expect(problems).toEqual([])
    expect(configuration).toMatchObject({ retries: 2, excludeCpus: [] })
    expect(notes.slice(1)).toEqual([
      expect.stringMatching(/unknown key `exluded_cpus`, which is left out: did you mean `excluded_cpus`\?$/),
      expect.stringMatching(/unknown key `colour`, which is left out: odop has nothing of this name$/),
    ])
  })

  it('an algorithm in Python can not be used, which is said; one of ours in a module can', async () => {
    const python = await load('runtime:\n  algorithm: my_algorithm.py\n')
    expect(python.configuration.policy).toBe('priority')
    expect(python.notes.join()).toMatch(/algorithm: there is no policy 'my_algorithm\.py' here/)
    const module = await load('runtime:\n  algorithm: mine.mjs\n')
    expect(path.basename(module.configuration.policy)).toBe('mine.mjs')
    expect((await load('runtime:\n  algorithm: fifo.py\n')).configuration.policy).toBe('fifo')
  })

  it('a wrong value is a problem under the name that the user wrote: it is not known what was wanted', async () => {
    const { problems } = await load('runtime:\n  scheduling:\n    excluded_cpus: some\n')
    expect(problems).toMatchObject([
      { key: 'excluded_cpus', message: expect.stringContaining("found 'some'") },
    ])
  })

  it('a file of that name with keys of ours only is an ordinary one', async () => {
    const { notes, problems } = await load('maxCpus: 7\nmaxCpu: 7\n')
    expect(notes).toEqual([])
    expect(problems).toMatchObject([{ key: 'maxCpu' }])
  })
})
