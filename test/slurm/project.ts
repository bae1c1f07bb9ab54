import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import type { OdopEvent } from '../../src/core/events.ts'
import { odop, readEvents, until } from '../rig/rig.ts'
import type { Cluster, EndedJob, StartedJob } from './cluster.ts'

/** A user's folder, with its tasks and its runs; `$ODOP` in scripts is the command. */
export interface Project {
  readonly folder: string
  submit(script: string, options?: readonly string[]): Promise<EndedJob>
  start(script: string, options?: readonly string[]): Promise<StartedJob>
  events(run: string): OdopEvent[]
  summary(run: string): Summary
}

export interface Summary {
  readonly nodes: {
    readonly name: string
    readonly coreSeconds: Readonly<Record<string, number>>
    readonly otherCoreSeconds: number
  }[]
  readonly tasks: { readonly completed: number; readonly left: number }[]
}

let count = 0

/** Jobs get both nodes unless they say otherwise. */
export function projectIn(cluster: Cluster, tasks: Readonly<Record<string, string>>): Project {
  count += 1
  const folder = path.join(cluster.folder, `project${count}`)
  for (const name of ['tasks', 'data', 'out']) mkdirSync(path.join(folder, name), { recursive: true })
  for (const [name, text] of Object.entries(tasks)) writeFileSync(path.join(folder, 'tasks', name), text)
  const environment = { ODOP_PATH: path.join(folder, '.odop'), ODOP: odop }
  const options = { cwd: folder, environment }
  const inRun = (run: string, file: string) => path.join(environment.ODOP_PATH, 'runs', run, file)
  return {
    folder,
    submit: (script, words = ['--nodes=2']) => cluster.submit(script, { ...options, options: words }),
    start: (script, words = ['--nodes=2']) => cluster.start(script, { ...options, options: words }),
    events(run) {
      const journal = inRun(run, 'events.ndjson')
      return existsSync(journal) ? readEvents(journal) : []
    },
    summary: run => JSON.parse(readFileSync(inRun(run, 'summary.json'), 'utf8')),
  }
}

/** After a test: nothing of it is left in the queue. */
export async function endJobs(cluster: Cluster): Promise<void> {
  await cluster.run(['scancel', '--user=root'])
  await until('no job is left', async () => (await cluster.run(['squeue', '--noheader'])).stdout === '')
}
