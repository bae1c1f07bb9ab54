import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { OdopEvent } from '../../src/core/events.ts'
import type { NodeFacts } from '../../src/core/model.ts'
import { until } from '../rig/rig.ts'
import { type Cluster, noCluster, startCluster, unlessSkipped } from './cluster.ts'
import { endJobs, type Project, projectIn } from './project.ts'

/** Says when it begins and ends, in ms since the epoch. */
const BUSY =
  'date +%s%3N; e=$(($(date +%s) + $1)); while [ $(date +%s) -lt $e ]; do i=0; while [ $i -lt 50000 ]; do i=$((i + 1)); done; done; date +%s%3N'
/** Computes for 8 s of a core, and tells how many seconds of CPU it has used. */
const COMPUTE =
  'const t = () => { const { user, system } = process.cpuUsage(); return (user + system) / 1e6 }; while (t() < 8); console.log(t())'
const BURN = `
import { task } from 'odop'
export default task({ name: 'burn', replicas: 4 }, async () => {
  const seconds = () => Object.values(process.cpuUsage()).reduce((sum, part) => sum + part) / 1e6
  for (const begin = seconds(); seconds() - begin < 0.3; );
})
`

describe.skipIf(noCluster !== null)(
  `odop run in a batch script${unlessSkipped}`,
  { timeout: 240_000 },
  () => {
    let cluster: Cluster
    beforeAll(async () => {
      cluster = await startCluster(['KillWait=5'])
    })
    afterAll(() => cluster?.[Symbol.asyncDispose]())
    afterEach(() => endJobs(cluster))

    const project = (tasks: Readonly<Record<string, string>>) => projectIn(cluster, tasks)

    test('a busy node is left alone, an idle one is used, and both are accounted for', async () => {
      const { folder, submit, events, summary } = project({ 'burn.mjs': BURN })
      const job = await submit(
        `$ODOP run --name both --idle-threshold 40 -- srun -N1 -n1 -w n1 sh -c '${BUSY}' sh 8 > out/app; echo code $?`,
      )
      expect(job.output).toContain('code 0')
      const [begin = 0, end = 0] = readFileSync(path.join(folder, 'out/app'), 'utf8')
        .trim()
        .split('\n')
        .map(Number)
      expect(end - begin).toBeGreaterThan(6000)
      // Before and after the node is idle, and it takes a moment to see that it is not.
      const meanwhile = starts(events('both')).filter(({ at }) => at > begin + 1500 && at < end)
      expect(new Set(meanwhile.map(({ placement }) => placement.node))).toEqual(new Set(['n2']))
      const [n1, n2] = summary('both').nodes.sort((a, b) => (a.name < b.name ? -1 : 1))
      expect([n1?.name, n2?.name]).toEqual(['n1', 'n2'])
      // It is busy for 8 s, of which others on this machine may take some.
      expect(n1?.coreSeconds['app']).toBeGreaterThan(4)
      expect(n1?.coreSeconds['tasks']).toBeLessThan(2)
      expect(n2?.coreSeconds['tasks']).toBeGreaterThan(1)
      expect(summary('both').tasks[0]?.completed).toBeGreaterThan(2)
    })

    test('the summary tells the application’s core-seconds from those of others on the same cores', async () => {
      const { folder, start, summary, events } = project({})
      const job = await start(`$ODOP run --name account -- srun -N2 -n2 node -e '${COMPUTE}' > out/app`)
      await until('both nodes are there', () => joined(events('account')).length === 2)
      // What is started from outside of the job is not the application's, on whatever core it is.
      const other = 'while (process.cpuUsage().user < 3e6);'
      await cluster.run(['taskset', '-c', String(cluster.cores.n1), process.execPath, '-e', other])
      await job.ended
      const used = readFileSync(path.join(folder, 'out/app'), 'utf8').trim().split('\n').map(Number)
      expect(used).toHaveLength(2)
      for (const node of summary('account').nodes) {
        // The account of a node begins with its agent, half a second after the launch; others may come and go unseen.
        expect(node.coreSeconds['app'], node.name).toBeGreaterThan(7)
        // 8 s, and with the other program 11; where others keep this machine busy more of theirs goes unseen.
        expect(node.coreSeconds['app'], node.name).toBeLessThan(10)
      }
      expect(summary('account').nodes.find(({ name }) => name === 'n1')?.otherCoreSeconds).toBeGreaterThan(2)
    })

    test('exit codes and output of srun are what they are without odop', async () => {
      const { submit } = project({})
      const application = `srun -N2 -n2 --label sh -c 'echo rank $SLURM_PROCID; echo error >&2; exit $((SLURM_PROCID * 3))'`
      const killed = `srun -N2 -n2 --kill-on-bad-exit=1 sh -c 'test $SLURM_PROCID = 0 && exit 5; sleep 100'`
      const commands = [application, killed, 'srun no-such-program', `srun sh -c 'kill -9 $$'`]
      for (const command of commands) {
        const plain = await submit(`${command} > out/plain 2> out/plain.err; echo $?; sort out/plain`)
        const wrapped = await submit(
          `$ODOP run --quiet -- ${command} > out/odop 2> out/odop.err; echo $?; sort out/odop`,
        )
        expect(wrapped.output).toBe(plain.output)
      }
    })

    test('an agent that is killed costs its attempts a requeue, and the application nothing', async () => {
      const { folder, start, events } = project({ 'burn.mjs': BURN })
      const job = await start(
        `$ODOP run --name lost --idle-threshold 100 -- srun -N2 -n2 sh -c 'until [ -e out/end ]; do sleep 0.2; done; echo rank done'; echo code $?`,
      )
      await runningOn(events, 'lost', 'n2')
      for (const pid of agents(cluster, 'n2')) process.kill(pid, 'SIGKILL')
      await until('the loss was noted', () => notes(events('lost')).some(text => text.includes('n2 is lost')))
      writeFileSync(path.join(folder, 'out/end'), '')
      const ended = await job.ended
      expect(ended.output).toContain('code 0')
      expect(ended.output.match(/^rank done$/gm)).toHaveLength(2)
      const requeued = events('lost').filter(
        event => event.type === 'attempt-ended' && event.outcome === 'requeued',
      )
      expect(requeued.length).toBeGreaterThan(0)
    })

    test('at the time limit attempts end first, the summary is written, and the job that is submitted again does the rest', async () => {
      const { folder, start, submit, events, summary } = project({
        'slow.mjs': `
        import { appendFileSync } from 'node:fs'
        import { setTimeout } from 'node:timers/promises'
        import { fileIn, task } from 'odop'
        export default task({ name: 'slow', trigger: fileIn('data') }, async ({ file, signal }) => {
          await setTimeout(file.endsWith('long') ? 100_000 : 100, undefined, { signal })
          appendFileSync('done', file + '\\n')
        })`,
      })
      for (const name of ['a', 'b', 'long']) writeFileSync(path.join(folder, 'data', name), 'x')
      const job = await start(
        `$ODOP run --name limit --idle-threshold 100 -- srun -N2 -n2 perl -e '$SIG{TERM} = "IGNORE"; sleep 1000 while 1'`,
        ['--nodes=2', '--time=1'],
      )
      await until('the short ones are done', () => completed(events, 'limit') === 2)
      // Slurm looks every half minute whether a minute is over.
      await until('the summary is there', () => exists(() => summary('limit')), 150)
      expect(summary('limit').tasks[0]).toMatchObject({ completed: 2, left: 1 })
      expect((await job.ended).state).toBe('TIMEOUT')
      writeFileSync(
        path.join(folder, 'tasks/slow.mjs'),
        readFileSync(path.join(folder, 'tasks/slow.mjs'), 'utf8').replace('100_000', '100'),
      )
      const again = await submit('$ODOP run --name limit --idle-threshold 100 --drain -- true')
      expect(again.state).toBe('COMPLETED')
      expect(readdirSync(path.join(folder, '.odop/runs')), again.output).toEqual(['limit'])
      expect(
        readFileSync(path.join(folder, 'done'), 'utf8')
          .trim()
          .split('\n')
          .map(file => path.basename(file))
          .sort(),
      ).toEqual(['a', 'b', 'long'])
    })

    test('agents are there soon, and nothing of odop is left when the job has ended', async () => {
      const { submit, events } = project({ 'burn.mjs': BURN })
      await submit('$ODOP run --name soon --idle-threshold 100 -- srun -N2 -n2 sleep 3')
      expect(joined(events('soon')).map(({ name }) => name)).toEqual(['n1', 'n2'])
      expect(joined(events('soon')).map(({ cores }) => cores)).toEqual([
        [cluster.cores.n1],
        [cluster.cores.n2],
      ])
      await until('nothing is left', () => agents(cluster, null).length === 0)
    })
  },
)

/** Agents of this cluster's jobs, on a node or on all. */
function agents(cluster: Cluster, node: string | null): number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter(pid => {
      const environment = `\0${readQuietly(`/proc/${pid}/environ`)}`
      if (!environment.includes(`\0SLURM_CONF=${cluster.environment['SLURM_CONF']}\0`)) return false
      if (node !== null && !environment.includes(`\0SLURMD_NODENAME=${node}\0`)) return false
      return readQuietly(`/proc/${pid}/cmdline`).includes('dist/agent.cjs')
    })
}

function readQuietly(file: string): string {
  try {
    return readFileSync(file, 'latin1')
  } catch {
    return ''
  }
}

function joined(events: readonly OdopEvent[]): NodeFacts[] {
  return events.flatMap(event => (event.type === 'node-joined' ? [event.facts] : []))
}

function starts(events: readonly OdopEvent[]) {
  return events.filter(event => event.type === 'attempt-started')
}

function notes(events: readonly OdopEvent[]): string[] {
  return events.flatMap(event => (event.type === 'note' ? [event.text] : []))
}

function completed(events: Project['events'], run: string): number {
  return events(run).filter(event => event.type === 'attempt-ended' && event.outcome === 'completed').length
}

async function runningOn(events: Project['events'], run: string, node: string): Promise<void> {
  await until(`an attempt runs on ${node}`, () =>
    starts(events(run)).some(({ placement }) => placement.node === node),
  )
}

function exists(read: () => unknown): boolean {
  try {
    read()
    return true
  } catch {
    return false
  }
}
