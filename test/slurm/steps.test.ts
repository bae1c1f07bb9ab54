import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { OdopEvent } from '../../src/core/events.ts'
import { until } from '../rig/rig.ts'
import { type Cluster, noCluster, startCluster, unlessSkipped } from './cluster.ts'
import { endJobs, projectIn } from './project.ts'

/** 2 s of CPU. */
const COMPUTE = `node -e 'let u; do u = process.cpuUsage(); while (u.user + u.system < 2e6);'`

/** As users write it: one step after another, then two at once, and a result of its own. */
const PIPELINE = `#!/bin/bash
srun -N2 -n2 ${COMPUTE}
srun -N1 -n1 -w n1 ${COMPUTE}
srun -N1 -n1 -w n1 ${COMPUTE} &
srun -N1 -n1 -w n2 ${COMPUTE} &
wait
srun -N2 -n2 --label hostname > out/hosts
exit 3
`

describe.skipIf(noCluster !== null)(`steps of a job${unlessSkipped}`, { timeout: 240_000 }, () => {
  let cluster: Cluster
  beforeAll(async () => {
    cluster = await startCluster(['KillWait=5'])
  })
  afterAll(() => cluster?.[Symbol.asyncDispose]())
  afterEach(() => endJobs(cluster))

  test('several of them, one after another and at once, are one application', async () => {
    const { folder, submit, summary } = projectIn(cluster, {})
    writeFileSync(path.join(folder, 'pipeline.sh'), PIPELINE, { mode: 0o755 })
    const { exitCode } = await submit('$ODOP run --name steps -- ./pipeline.sh')
    expect(exitCode).toBe(3)
    expect(readFileSync(path.join(folder, 'out/hosts'), 'utf8')).toMatch(/^[01]: .*\n[01]: /)
    const seconds = new Map(summary('steps').nodes.map(({ name, coreSeconds }) => [name, coreSeconds['app']]))
    // Three ranks here and two there; beside what starting them has taken.
    expect(seconds.get('n1')).toBeGreaterThan(5.4)
    expect(seconds.get('n2')).toBeGreaterThan(3.2)
    expect(seconds.get('n2')).toBeLessThan(seconds.get('n1') ?? 0)
  })

  test('of a heterogeneous job: each component has its agent, or is here', async () => {
    const { submit, events } = projectIn(cluster, {})
    const script = `#!/bin/bash\n#SBATCH -N1\n#SBATCH hetjob\n#SBATCH -N1\n$ODOP run --name het -- srun --het-group=0,1 sleep 2`
    const { state } = await submit(script, [])
    expect(state).toBe('COMPLETED')
    expect(joined(events('het'))).toEqual(['n1', 'n2'])
  })

  test('two runs in one job at the same time, and one after them, have runs of their own', async () => {
    const { folder, submit } = projectIn(cluster, {})
    const { exitCode } = await submit(
      `for i in 1 2; do $ODOP run --quiet -- srun -N1 -n1 --overlap sleep 2 & done; wait
       $ODOP run --quiet -- srun -N1 -n1 true`,
    )
    expect(exitCode).toBe(0)
    expect(runsOf(folder)).toHaveLength(3)
  })

  test('the jobs of an array have runs of their own', async () => {
    const { folder, submit } = projectIn(cluster, {})
    const { id } = await submit('$ODOP run --quiet -- srun -n1 true', ['--array=1-2', '--nodes=1'])
    await until('both have run', () => runsOf(folder).length === 2)
    expect(runsOf(folder)).toEqual([`job-${id}_1`, `job-${id}_2`])
  })

  test('a signal that announces the end of the job ends attempts first, and the application gets it', async () => {
    const { folder, submit, events } = projectIn(cluster, {
      'long.mjs': `
      import { setTimeout } from 'node:timers/promises'
      import { task } from 'odop'
      export default task({ name: 'long' }, ({ signal }) => setTimeout(1e6, undefined, { signal }))`,
    })
    // To every step, half a minute before the end.
    const { state } = await submit(
      `$ODOP run --name announced --idle-threshold 100 -- srun -N2 -n2 sh -c 'trap "echo told >> out/told; exit 0" USR1; while :; do sleep 0.2; done'`,
      ['--nodes=2', '--time=1', '--signal=USR1@30'],
    )
    expect(state).toBe('COMPLETED')
    expect(readFileSync(path.join(folder, 'out/told'), 'utf8')).toBe('told\ntold\n')
    const ends = events('announced').filter(event => event.type === 'attempt-ended')
    expect(ends.length).toBeGreaterThan(0)
    expect(new Set(ends.map(({ outcome }) => outcome))).toEqual(new Set(['requeued']))
    expect(events('announced').at(-1)?.type).toBe('launch-ended')
  })
})

function runsOf(folder: string): string[] {
  return readdirSync(path.join(folder, '.odop/runs')).sort()
}

function joined(events: readonly OdopEvent[]): string[] {
  return events.flatMap(event => (event.type === 'node-joined' ? [event.facts.name] : [])).sort()
}
