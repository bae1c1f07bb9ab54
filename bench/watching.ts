import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import {
  cpuSeconds,
  ended,
  type Figure,
  inFolder,
  odop,
  odopProcesses,
  pssBytes,
  sleep,
  start,
} from './measure.ts'

/** A tree of 200 processes in ten groups; each group starts a short command now and then, as applications do. */
const APPLICATION = `
for group in 1 2 3 4 5 6 7 8 9 10; do
  sh -c 'for n in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19; do sleep 60 & done; while :; do sleep 1; done' &
done
wait`

const TASK = `import { fileIn, task } from 'odop'
export default task({ name: 'watch', trigger: fileIn('data') }, () => {})
`

/** What odop itself costs while it watches a tree of 200 processes and a folder. */
export async function watchingFigures(seconds: number): Promise<Figure[]> {
  return inFolder(async folder => {
    mkdirSync(path.join(folder, 'tasks'))
    mkdirSync(path.join(folder, 'data'))
    writeFileSync(path.join(folder, 'tasks', 'watch.js'), TASK)
    const child = start([odop, 'run', '--quiet', '--', 'sh', '-c', APPLICATION], folder)
    const supervisor = child.pid ?? 0
    await sleep(15_000) // the start, and what V8 tidies up after it, is measured elsewhere
    const before = cpuSeconds(odopProcesses(supervisor))
    await sleep(seconds * 1000)
    const pids = odopProcesses(supervisor)
    const share = ((cpuSeconds(pids) - before) / seconds) * 100
    const memory = pssBytes(pids) / 1e6
    const supervisorMemory = pssBytes([supervisor]) / 1e6
    child.kill('SIGTERM')
    await ended(child)
    return [
      {
        name: 'odop’s CPU while it watches 200 processes',
        unit: '% of a core',
        samples: [share],
        target: { atMost: 1 },
      },
      {
        name: 'odop’s memory meanwhile (PSS, supervisor)',
        unit: 'MB',
        samples: [supervisorMemory],
        target: { atMost: 100 },
      },
      {
        name: 'odop’s memory meanwhile (PSS, all its processes)',
        unit: 'MB',
        samples: [memory],
        target: { atMost: 100 },
      },
    ]
  })
}
