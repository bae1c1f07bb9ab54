import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { ended, type Figure, inFolder, odop, start } from './measure.ts'

/** Time to the application's first line, with and without odop in turn; the difference is what odop adds. */
export async function startFigures(repetitions: number): Promise<Figure[]> {
  const added: number[] = []
  const plain: number[] = []
  await inFolder(async folder => {
    for (let repetition = 0; repetition <= repetitions; repetition++) {
      const alone = await firstLine(['/bin/echo', 'first line'], folder)
      const under = await firstLine([odop, 'run', '--quiet', '--', '/bin/echo', 'first line'], folder)
      if (repetition === 0) continue // warms the file cache
      plain.push(alone)
      added.push(under - alone)
    }
  })
  return [
    {
      name: 'added before the application’s first line',
      unit: 'ms',
      samples: added,
      target: { atMost: 150 },
    },
    { name: 'the same application alone', unit: 'ms', samples: plain },
  ]
}

async function firstLine(command: readonly string[], folder: string): Promise<number> {
  const before = performance.now()
  const child = start(command, folder, 'pipe')
  const seen = new Promise<number>(resolve =>
    child.stdout?.once('data', () => resolve(performance.now() - before)),
  )
  const [milliseconds] = await Promise.all([seen, ended(child)])
  return milliseconds
}

/** Files that odop's process opens before the application is executed, as strace sees them. */
export async function openedFilesFigure(): Promise<Figure[]> {
  if (spawnSync('strace', ['-V']).error) return []
  return inFolder(async folder => {
    const trace = path.join(folder, 'trace')
    const strace = ['strace', '-f', '-qq', '-e', 'trace=open,openat,execve', '-o', trace]
    await ended(start([...strace, odop, 'run', '--quiet', '--', '/bin/true'], folder))
    await ended(start([...strace.slice(0, -1), `${trace}-node`, process.execPath, '-e', '0'], folder))
    const opened = openedBefore(readFileSync(trace, 'utf8'), '/bin/true')
    const byNode = openedBefore(readFileSync(`${trace}-node`, 'utf8'), null)
    return [
      {
        name: 'files opened before the application starts',
        unit: 'files',
        samples: [opened],
        target: { atMost: 150 },
      },
      { name: '`node -e 0` opens', unit: 'files', samples: [byNode] },
    ]
  })
}

function openedBefore(trace: string, program: string | null): number {
  const end = program === null ? -1 : trace.indexOf(`execve("${program}"`)
  const before = end === -1 ? trace : trace.slice(0, end)
  return before.split('\n').filter(line => /open(at)?\(/.test(line) && / = \d+/.test(line)).length
}
