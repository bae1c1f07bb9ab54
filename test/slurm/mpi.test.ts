import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { validEvent } from '../../src/journal/valid-event.ts'
import { odop, until } from '../rig/rig.ts'
import { sampleTask } from '../sample-task.ts'
import { type Cluster, noCluster, startCluster, unlessSkipped } from './cluster.ts'

const fixtureFile = (name: string) => fileURLToPath(new URL(`./fixtures/${name}`, import.meta.url))
const hasMpi = spawnSync('sh', ['-c', 'command -v mpicc'], { stdio: 'ignore' }).status === 0
const unlessMissing = hasMpi ? '' : ' (skipped: needs mpicc)'

describe.skipIf(noCluster !== null)(
  `ranks on a real cluster of two nodes${unlessSkipped}`,
  { timeout: 240_000 },
  () => {
    let cluster: Cluster
    let count = 0
    beforeAll(async () => {
      cluster = await startCluster()
    })
    afterAll(() => cluster?.[Symbol.asyncDispose]())
    afterEach(async () => {
      await cluster.run(['scancel', '--user=root'])
      await until('no job is left', async () => (await cluster.run(['squeue', '--noheader'])).stdout === '')
    })

    function newFolder(): string {
      count += 1
      const folder = path.join(cluster.folder, `ranks${count}`)
      for (const name of ['tasks', 'data']) mkdirSync(path.join(folder, name), { recursive: true })
      return folder
    }

    /** `odop run` in a batch script on both nodes, with an application that leaves them idle until all files are done. */
    async function run(folder: string, task: string, files: readonly string[] = ['a']) {
      writeFileSync(path.join(folder, 'tasks/wide.mjs'), `import { fileIn, task } from 'odop'\n${task}`)
      for (const name of files) writeFileSync(path.join(folder, 'data', name), 'x')
      const environment = { ODOP_PATH: path.join(folder, '.odop') }
      const application = `srun -N2 -n2 sh -c 'until [ -e end ]; do sleep 0.1; done'`
      const job = await cluster.start(`${odop} run --name ranks -- ${application}`, {
        options: ['--nodes=2'],
        environment,
        cwd: folder,
      })
      const runFolder = path.join(folder, '.odop/runs/ranks')
      const events = () => eventsIn(path.join(runFolder, 'events.ndjson'))
      const ends = () => events().filter(event => event.type === 'attempt-ended')
      await until('all have ended', () => ends().length >= files.length, 90).catch(error => {
        throw new Error(`${job.output()}\n${JSON.stringify(events().slice(-5), null, 1)}`, { cause: error })
      })
      writeFileSync(path.join(folder, 'end'), '')
      await job.ended
      return {
        events: events(),
        ends: ends(),
        summary: JSON.parse(read(path.join(runFolder, 'summary.json'))),
      }
    }

    test.skipIf(!hasMpi)(
      `an MPI program over both nodes computes what it should, where it was asked to${unlessMissing}`,
      async () => {
        const folder = newFolder()
        execFileSync('mpicc', ['-o', path.join(folder, 'sum'), fixtureFile('sum.c')])
        const { events, ends } = await run(
          folder,
          `export default task({ name: 'sum', trigger: fileIn('data'), nodes: 2, mpi: 'pmi2', command: () => ['./sum'] })`,
        )
        expect(ends).toMatchObject([{ outcome: 'completed', reason: null }])
        const { n1, n2 } = cluster.cores
        const places = events.flatMap(event => (event.type === 'attempt-started' ? [event.placement] : []))
        expect(places).toEqual([{ node: 'n1', cores: [n1], others: [{ node: 'n2', cores: [n2] }] }])
        expect(read(path.join(folder, 'rank-0.txt'))).toBe(`0 of 2 on n1, cores ${n1}, sum 1\n`)
        expect(read(path.join(folder, 'rank-1.txt'))).toBe(`1 of 2 on n2, cores ${n2}, sum 1\n`)
      },
    )

    test('a function is called in each rank, the first tells how far it is, and what the ranks use is the task’s', async () => {
      const folder = newFolder()
      const { events, ends, summary } = await run(
        folder,
        `import { writeFileSync } from 'node:fs'
      export default task({ name: 'burn', trigger: fileIn('data'), nodes: 2 }, ({ rank, ranks, node, progress }) => {
        const { user } = process.cpuUsage()
        while (process.cpuUsage().user - user < 3_000_000) progress((1 + rank) / 4, node)
        writeFileSync('rank-' + rank, ranks + ' ' + node)
      })`,
      )
      expect(ends).toMatchObject([{ outcome: 'completed', reason: null }])
      expect([0, 1].map(rank => read(path.join(folder, `rank-${rank}`)))).toEqual(['2 n1', '2 n2'])
      const said = events.flatMap(event =>
        event.type === 'attempt-progress' ? [`${event.fraction} ${event.text}`] : [],
      )
      expect([...new Set(said)]).toEqual(['0.25 n1'])
      for (const { name, coreSeconds } of summary.nodes) {
        expect([name, coreSeconds.tasks > 2.5]).toEqual([name, true])
      }
    })

    describe('the launching part', () => {
      const ranks = (cores: readonly (readonly number[])[], command: readonly string[]) => {
        const [first, ...others] = cores.map((each, at) => ({ node: `n${at + 1}`, cores: each }))
        const mpi = { nodes: null, ranks: cores.flat().length, cpusPerRank: 1, launch: null }
        const spec = { attempt: 'wide#1.1', task: sampleTask({ mpi }), cwd: '.', ...first, others }
        const words = [process.execPath, '--import', import.meta.resolve('tsx'), fixtureFile('ranks.ts')]
        return [...words, JSON.stringify(spec), JSON.stringify(command)]
          .map(word => `'${word.replaceAll("'", `'\\''`)}'`)
          .join(' ')
      }

      test('nodes may have different numbers of ranks, each with its own cores, beside an application', async () => {
        const { n1, n2 } = cluster.cores
        const report =
          'echo $ODOP_RANK $SLURM_PROCID $ODOP_NODE $SLURMD_NODENAME $(grep Cpus_allowed_list /proc/self/status)'
        const { output } = await cluster.submit(
          `srun -N2 -n2 sleep 1000 & sleep 0.3\n${ranks([[n1, n2], [n2]], ['sh', '-c', report])}\nkill %1`,
          { options: ['--nodes=2'], cwd: newFolder() },
        )
        const lines = output
          .split('\n')
          .filter(line => /^(\d|null)/.test(line))
          .sort()
        const rank = (number: number, node: string, core: number) =>
          `${number} ${number} ${node} ${node} Cpus_allowed_list: ${core}`
        expect(lines).toEqual([rank(0, 'n1', n1), rank(1, 'n1', n2), rank(2, 'n2', n2), 'null'])
      })

      test('a rank that fails fails all, and its exit code is known', async () => {
        const { n1, n2 } = cluster.cores
        const command = ['sh', '-c', 'test $ODOP_RANK = 0 || exit 3; sleep 1000']
        const { output } = await cluster.submit(ranks([[n1], [n2]], command), {
          options: ['--nodes=2'],
          cwd: newFolder(),
        })
        expect(output).toMatch(/"exit code \d+"/)
      })

      test('kill -9 of srun and of what watches over it: no rank is left', async () => {
        const { n1, n2 } = cluster.cores
        const folder = newFolder()
        const command = ['sh', '-c', 'echo $$ > pid-$ODOP_RANK; exec sleep 1000']
        await cluster.start(`${ranks([[n1], [n2]], command)}; sleep 1000`, {
          options: ['--nodes=2'],
          cwd: folder,
        })
        const files = [0, 1].map(rank => path.join(folder, `pid-${rank}`))
        await until('both ranks run', () => files.every(file => read(file) !== ''))
        const pids = files.map(file => Number(read(file)))
        for (const pid of launchersIn(cluster.folder)) process.kill(pid, 'SIGKILL')
        await until('both ranks are gone', () => pids.every(pid => !isAlive(pid)), 120)
      })
    })
  },
)

/** srun and its helper, which is forked from it. */
function launchersIn(folder: string): number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter(
      pid =>
        pid > 0 && read(`/proc/${pid}/comm`) === 'srun\n' && read(`/proc/${pid}/environ`).includes(folder),
    )
}

function isAlive(pid: number): boolean {
  const stat = read(`/proc/${pid}/stat`)
  return existsSync(`/proc/${pid}`) && !stat.includes(') Z ')
}

function eventsIn(file: string) {
  return read(file)
    .split('\n')
    .flatMap(line => {
      try {
        return validEvent(JSON.parse(line)) ?? []
      } catch {
        return []
      }
    })
}

function read(file: string): string {
  try {
    return readFileSync(file, 'latin1')
  } catch {
    return ''
  }
}
