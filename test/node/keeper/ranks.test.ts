import { spawn } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parseCoreList } from '../../../src/node/observe/topology.ts'
import { RANK_SCRIPT } from '../../../src/node/runner/ranks/script.ts'
import { createKeeperRig, isDoomed, stateOf, until } from './keeper-rig.ts'

const allowed = parseCoreList(
  /^Cpus_allowed_list:\s*(.+)$/m.exec(readFileSync('/proc/self/status', 'latin1'))?.[1] ?? '',
)
const [first = 0, second = first] = allowed
const isLinux = process.platform === 'linux'
const mpi = { nodes: 2, ranks: 2, cpusPerRank: 1, launch: null }
const wide = { mpi, cores: [first], others: [{ node: 'there', cores: [second] }] }

describe.skipIf(!isLinux || allowed.length < 2)('ranks through srun (needs Linux and two cores)', () => {
  let bin = ''
  beforeAll(() => {
    bin = mkdtempSync(path.join(os.tmpdir(), 'odop-srun-'))
    const fixture = fileURLToPath(new URL('./fixtures/srun.mjs', import.meta.url))
    writeFileSync(path.join(bin, 'srun'), `#!/bin/sh\nexec "${process.execPath}" "${fixture}" "$@"\n`)
    chmodSync(path.join(bin, 'srun'), 0o755)
  })
  afterAll(() => rmSync(bin, { recursive: true, force: true }))

  const rigInJob = () =>
    createKeeperRig({
      environment: {
        PATH: `${bin}:${process.env['PATH']}`,
        SLURM_JOB_ID: '7',
        // Of the step in which the runner itself is.
        SLURM_PROCID: '5',
        SLURM_NTASKS: '9',
      },
    })

  test('a command is executed once in each, on its node and its cores, at the lowest priority', async () => {
    await using rig = rigInJob()
    expect(await rig.run('command writesRank', wide)).toMatchObject({ failure: null })
    expect(rig.read('rank-0')).toBe(`0/2 here ${first} Cpus_allowed_list: ${first}\n`)
    expect(rig.read('rank-1')).toBe(`1/2 there ${second} Cpus_allowed_list: ${second}\n`)
    expect(rig.read('policy-1')).toContain('SCHED_IDLE')
    const step = JSON.parse(rig.read('srun.json'))
    expect(step).toMatchObject({ nodes: '2', ntasks: '2', nodelist: 'here,there', 'cpu-bind': 'none' })
    expect(step).not.toHaveProperty('mpi')
  })

  test('nodes may have different numbers of ranks, and each rank its own cores', async () => {
    await using rig = rigInJob()
    const uneven = { nodes: null, ranks: 3, cpusPerRank: 1, launch: 'pmi2' }
    const extra = { mpi: uneven, cores: [first, second], others: [{ node: 'there', cores: [second] }] }
    expect(await rig.run('command writesRank', extra)).toMatchObject({ failure: null })
    expect([0, 1, 2].map(rank => rig.read(`rank-${rank}`).split(' ').slice(0, 3).join(' '))).toEqual([
      `0/3 here ${first}`,
      `1/3 here ${second}`,
      `2/3 there ${second}`,
    ])
    expect(JSON.parse(rig.read('srun.json'))).toMatchObject({ mpi: 'pmi2', distribution: 'arbitrary' })
  })

  test('a function is called once in each, in a process of its own, with its rank', async () => {
    await using rig = rigInJob()
    const spec = rig.start('function writesRank', { ...wide, files: ['/a file'] })
    expect((await rig.ended(spec)).failure).toBe(null)
    const ranks = [0, 1].map(rank => JSON.parse(rig.read(`rank-${rank}.json`)))
    expect(ranks).toMatchObject([
      { rank: 0, ranks: 2, node: 'here', cores: [first], allowed: String(first), file: '/a file' },
      { rank: 1, ranks: 2, node: 'there', cores: [second], allowed: String(second), file: '/a file' },
    ])
    expect(rig.log(spec).split('\n').sort()).toEqual(['', 'rank 0: called', 'rank 1: called'])
    for (const { scratch } of ranks) expect(existsSync(scratch)).toBe(false)
  })

  test('one that fails fails the attempt', async () => {
    await using rig = rigInJob()
    expect((await rig.run('command failsInRank1', wide)).failure).toBe('exit code 3')
    const spec = rig.start('function failsInRank1', wide)
    expect((await rig.ended(spec)).failure).toMatch(
      /a rank of the task's function failed, and its log says why/,
    )
    expect(rig.log(spec)).toMatch(/rank 1: Error: rank 1 fails on purpose/)
  })

  test.each(['function', 'command'])('an end reaches all of them: %s', async kind => {
    await using rig = rigInJob()
    const spec = rig.start(`${kind} waitsInRanks`, wide)
    await until('both wait', () => rig.exists('waiting-0') && rig.exists('waiting-1'))
    rig.client.terminate(spec.attempt, 30)
    await rig.ended(spec)
    if (kind === 'function') expect([rig.exists('aborted-0'), rig.exists('aborted-1')]).toEqual([true, true])
    const left = [0, 1].map(rank => Number(rig.read(`waiting-${rank}`)))
    await until('none is left', () => left.every(pid => stateOf(pid) === '' || isDoomed(pid)))
  })
})

describe.skipIf(!isLinux)('ranks without Slurm (needs Linux)', () => {
  const one = { nodes: 1, ranks: 2, cpusPerRank: 1, launch: null }
  const environment = { SLURM_JOB_ID: '' }

  test('a function is called once in each on its node', async () => {
    await using rig = createKeeperRig({ environment })
    expect((await rig.run('function writesRank', { mpi: one, cores: [first, second] })).failure).toBe(null)
    expect([0, 1].map(rank => JSON.parse(rig.read(`rank-${rank}.json`)))).toMatchObject([
      { rank: 0, ranks: 2, node: 'here', allowed: String(first) },
      { rank: 1, ranks: 2, node: 'here' },
    ])
  })

  test('one that fails ends the others', async () => {
    await using rig = createKeeperRig({ environment })
    const { failure } = await rig.run('function failsInRank1', { mpi: one })
    expect(failure).toMatch(/\(exit code 1\)$/)
  })
})

test.skipIf(!isLinux)(
  'a rank that hears no more of its runner ends; its own input is empty (needs Linux)',
  async () => {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'odop-rank-'))
    const program = ['sh', '-c', 'cat; echo $$ > begun; exec sleep 1000']
    const env = { ...process.env, ODOP_WATCHED: '2', ODOP_CORES_BY_NODE: ';here=;', ODOP_CPUS_PER_RANK: '1' }
    const rank = spawn('sh', ['-c', RANK_SCRIPT, 'odop-rank', ...program], {
      cwd: folder,
      env,
      stdio: 'pipe',
    })
    const ended = new Promise(resolve => rank.once('exit', (_, signal) => resolve(signal)))
    await until('it has read all of its input', () => existsSync(path.join(folder, 'begun')))
    rank.stdin.write('\n')
    expect(await ended).toBe('SIGKILL')
    rmSync(folder, { recursive: true, force: true })
  },
)
