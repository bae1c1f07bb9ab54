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
  'aging',
  'simulation',
  'memory',
  'report',
  'slurm',
] as const
export type Part = (typeof PARTS)[number]

export interface Options {
  readonly parts: ReadonlySet<Part>
  readonly shapes: readonly Shape[]
  readonly seconds: number
  readonly repetitions: number
  readonly taskSeconds: readonly number[]
  readonly alternatives: number
  readonly files: number
  readonly items: number
  readonly many: number
  readonly devourers: number
  readonly hours: number
  readonly limitSeconds: number
}

/** Without a word: everything, briefly. */
const QUICK = {
  seconds: 6,
  repetitions: 1,
  tasks: '1',
  alternatives: 1,
  files: 200,
  items: 2000,
  many: 10_000,
  devourers: 3,
  hours: 4,
}
/** As the targets are to be shown. */
const FULL = {
  seconds: 30,
  repetitions: 5,
  tasks: '5,1,0.1',
  alternatives: 3,
  files: 400,
  items: 20_000,
  many: 100_000,
  devourers: 20,
  hours: 48,
}

/** Ends the process on a wrong option, and after `--help`. */
export function readOptions(argv: readonly string[]): Options {
  const given = yargs([...argv])
    .scriptName('npm run bench --')
    .usage(
      '$0 [options]\n\nMeasures odop, and other tools beside it. Without options: all parts, briefly, which takes some 20 minutes. ' +
        'How long a choice takes is said at the start.',
    )
    .options({
      full: { type: 'boolean', default: false, describe: 'as the targets are to be shown: some 3 hours' },
      only: { type: 'string', describe: `parts: ${PARTS.join(',')}` },
      shapes: { type: 'string', describe: `applications: ${SHAPES.map(({ name }) => name).join(',')}` },
      seconds: { type: 'number', describe: numbers('seconds', 'how long an application takes alone') },
      repetitions: { type: 'number', describe: numbers('repetitions', 'interleaved repetitions') },
      tasks: { type: 'string', describe: numbers('tasks', 'CPU seconds of background tasks') },
      alternatives: {
        type: 'number',
        describe: numbers('alternatives', 'repetitions with other tools, 0 for none'),
      },
      files: { type: 'number', describe: numbers('files', 'files of the latency, one after another') },
      items: { type: 'number', describe: numbers('items', 'work items of the throughput') },
      many: { type: 'number', describe: numbers('many', 'files at once, 0 for none') },
      devourers: { type: 'number', describe: numbers('devourers', 'attempts that take memory without end') },
      hours: { type: 'number', describe: numbers('hours', 'virtual hours of the simulation') },
      limit: { type: 'number', default: 300, describe: 'seconds that a queue of the throughput may take' },
    })
    .strict()
    .version(false)
    .wrap(110)
    .parseSync()
  const defaults = given.full ? FULL : QUICK
  return {
    parts: new Set(chosen(given.only, PARTS, part => part)),
    shapes: chosen(given.shapes, SHAPES, ({ name }) => name),
    seconds: given.seconds ?? defaults.seconds,
    repetitions: given.repetitions ?? defaults.repetitions,
    taskSeconds: (given.tasks ?? defaults.tasks).split(',').map(Number),
    alternatives: given.alternatives ?? defaults.alternatives,
    files: given.files ?? defaults.files,
    items: given.items ?? defaults.items,
    many: given.many ?? defaults.many,
    devourers: given.devourers ?? defaults.devourers,
    hours: given.hours ?? defaults.hours,
    limitSeconds: given.limit,
  }
}

function numbers(name: keyof typeof QUICK, text: string): string {
  return `${text} (${QUICK[name]}; full: ${FULL[name]})`
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
