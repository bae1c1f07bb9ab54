import yargs from 'yargs'
import { SHAPES, type Shape } from './shapes.ts'

export const PARTS = [
  'start',
  'opened',
  'watching',
  'latency',
  'harvest',
  'job',
  'throughput',
  'scheduler',
  'large',
] as const
export type Part = (typeof PARTS)[number]

export interface Options {
  readonly parts: ReadonlySet<Part>
  readonly shapes: readonly Shape[]
  readonly seconds: number
  readonly repetitions: number
  readonly taskSeconds: readonly number[]
  readonly alternatives: number
  readonly items: number
  readonly many: number
  readonly limitSeconds: number
}

/** Without a word: everything, briefly. `--full`: as the targets are to be shown. */
const QUICK = { seconds: 6, repetitions: 1, tasks: '1', alternatives: 1, items: 2000, many: 10_000 }
const FULL = { seconds: 8, repetitions: 5, tasks: '5,1,0.1', alternatives: 3, items: 5000, many: 100_000 }

/** Ends the process on a wrong option, and after `--help`. */
export function readOptions(argv: readonly string[]): Options {
  const given = yargs([...argv])
    .scriptName('npm run bench --')
    .usage('$0 [options]\n\nMeasures odop, and other tools beside it. Without options: all parts, briefly.')
    .options({
      full: { type: 'boolean', default: false, describe: 'as the targets are to be shown: some 45 minutes' },
      only: { type: 'string', describe: `parts: ${PARTS.join(',')}` },
      shapes: { type: 'string', describe: `applications: ${SHAPES.map(({ name }) => name).join(',')}` },
      seconds: { type: 'number', describe: 'how long an application takes alone (6; full: 8)' },
      repetitions: { type: 'number', describe: 'interleaved repetitions (1; full: 5)' },
      tasks: { type: 'string', describe: 'CPU seconds of background tasks (1; full: 5,1,0.1)' },
      alternatives: {
        type: 'number',
        describe: 'repetitions with other tools, 0 for none (1; full: 3)',
      },
      items: { type: 'number', describe: 'work items of the throughput (2000; full: 5000)' },
      many: { type: 'number', describe: 'files at once, 0 for none (10000; full: 100000)' },
      limit: { type: 'number', default: 300, describe: 'seconds that a queue of the throughput may take' },
    })
    .strict()
    .version(false)
    .wrap(100)
    .parseSync()
  const defaults = given.full ? FULL : QUICK
  return {
    parts: new Set(chosen(given.only, PARTS, part => part)),
    shapes: chosen(given.shapes, SHAPES, ({ name }) => name),
    seconds: given.seconds ?? defaults.seconds,
    repetitions: given.repetitions ?? defaults.repetitions,
    taskSeconds: (given.tasks ?? defaults.tasks).split(',').map(Number),
    alternatives: given.alternatives ?? defaults.alternatives,
    items: given.items ?? defaults.items,
    many: given.many ?? defaults.many,
    limitSeconds: given.limit,
  }
}

function chosen<T>(list: string | undefined, all: readonly T[], nameOf: (one: T) => string): T[] {
  const names = list?.split(',') ?? all.map(nameOf)
  const unknown = names.find(name => !all.some(one => nameOf(one) === name))
  if (unknown !== undefined) {
    console.error(`expected one of ${all.map(nameOf).join(', ')}; found ${unknown}`)
    process.exit(2)
  }
  return all.filter(one => names.includes(nameOf(one)))
}
