import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { createRig, odop, type Rig, until } from './rig.ts'

const hasPython = spawnSync('python3', ['-c', '']).status === 0

/** The same task three times: the sum of the numbers of each file, in a file that appears complete. A file with words fails. */
const WRITTEN = {
  ts: {
    name: 'sum.ts',
    code: `import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileIn, task } from 'odop'

export default task(
  {
    trigger: fileIn('data', { filter: '*.txt' }),
    cpus: 1,
    memory: '500M',
    time: '2m',
    priority: 2,
    retries: 0,
    parameters: { factor: '2' },
  },
  ({ file, parameters }) => {
    const numbers = readFileSync(file, 'utf8').trim().split('\\n').map(Number)
    if (numbers.some(Number.isNaN)) throw new Error('expected numbers')
    const sum = numbers.reduce((one, other) => one + other, 0) * Number(parameters.factor)
    const out = path.join('out', path.basename(file))
    writeFileSync(out + '.part', sum + '\\n')
    renameSync(out + '.part', out)
  },
)
`,
  },
  py: {
    name: 'sum.py',
    code: `#!/usr/bin/env python3
#ODOP --trigger file-in:data --filter '*.txt' --cpus 1 --memory 500M --time 2m
#ODOP --priority 2 --retries 0 --parameter factor=2
import os, sys

factor, file = sys.argv[1:]
assert factor == "factor=2" and file == os.environ["ODOP_FILE"]
with open(file) as numbers:
    total = sum(int(line) for line in numbers) * int(factor.split("=")[1])
out = os.path.join("out", os.path.basename(file))
with open(out + ".part", "w") as part:
    print(total, file=part)
os.rename(out + ".part", out)
`,
  },
  sh: {
    name: 'sum.sh',
    code: `#!/bin/sh
# ODOP --trigger file-in:data --filter '*.txt' --cpus 1 --memory 500M --time 2m
# ODOP --priority 2 --retries 0 --parameter factor=2
set -e
factor=\${1#factor=}
total=0
while read -r number; do
  case $number in *[!0-9]*) echo 'expected numbers' >&2; exit 1 ;; esac
  total=$((total + number))
done < "$2"
out=out/$(basename "$2")
echo $((total * factor)) > "$out.part"
mv "$out.part" "$out"
`,
  },
} as const

type Language = keyof typeof WRITTEN

async function results(language: Language) {
  await using rig = createRig()
  const { name, code } = WRITTEN[language]
  rig.write(`tasks/${name}`, code)
  chmodSync(path.join(rig.folder, 'tasks', name), 0o755)
  rig.write('out/.keep', '')
  for (let file = 1; file <= 4; file++) rig.write(`data/with space ${file}.txt`, `${file}\n${file * 10}\n`)
  rig.write('data/bad.txt', 'words\n')
  rig.write('data/other.bin', '1\n')
  const { code: exit, stderr } = await rig.odop(['run', '--name', 'r', '--drain', '--', 'sleep', '0.2'])
  expect(exit, stderr).toBe(0)
  const summary = rig.summary('r') as { tasks: Record<string, unknown>[]; notes: string[] }
  const [tasks] = rig.events('r').filter(({ type }) => type === 'task-defined')
  return {
    files: rig.list('out').map(file => [file, rig.read(`out/${file}`)]),
    tasks: summary.tasks.map(({ name, completed, failed, timeout, cancelled, left, attempts }) => ({
      name,
      completed,
      failed,
      timeout,
      cancelled,
      left,
      attempts,
    })),
    // Why the last one failed is said in each language's own words; what else this machine did is no matter of tasks.
    notes: summary.notes
      .map(note => note.replace(/; the last.*$/s, ''))
      .filter(note => note.startsWith('sum')),
    definition: { ...(tasks as unknown as { task: object }).task, kind: null, module: null },
  }
}

test.skipIf(!hasPython)(
  'the same task in TypeScript, Python and shell has the same results and the same summary (python3)',
  { timeout: 180_000 },
  async () => {
    const [ts, py, sh] = [await results('ts'), await results('py'), await results('sh')]
    expect(ts.files).toEqual([
      ['.keep', ''],
      ...[1, 2, 3, 4].map(file => [`with space ${file}.txt`, `${22 * file}\n`]),
    ])
    expect(ts.tasks).toEqual([
      { name: 'sum', completed: 4, failed: 1, timeout: 0, cancelled: 0, left: 0, attempts: 5 },
    ])
    expect(py).toEqual(ts)
    expect(sh).toEqual(ts)
  },
)

test('a script finds its inputs, its parameters and where it runs', { timeout: 90_000 }, async () => {
  await using rig = createRig()
  rig.write(
    'tasks/show.sh',
    `#!/bin/sh
#ODOP --trigger file-in:data --batch-size 2 --cpus any --parameter a=1 --parameter 'b=x y' --parameter-format '--{key} {value}'
#ODOP --env MINE=yes --cwd work
for word; do echo "<$word>"; done > "../shown"
env | grep -E '^(ODOP_|MINE)' > ../variables
pwd >> ../shown
`,
  )
  chmodSync(path.join(rig.folder, 'tasks/show.sh'), 0o755)
  rig.write('work/.keep', '')
  rig.write('data/one', '1')
  rig.write('data/two', '2')
  const { code, stderr } = await rig.odop(['run', '--name', 'r', '--drain', '--', 'true'])
  expect(code, stderr).toBe(0)
  const files = ['one', 'two'].map(name => path.join(rig.folder, 'data', name))
  const shown = rig.read('shown').split('\n')
  expect(shown.slice(0, 4)).toEqual(['<--a>', '<1>', '<--b>', '<x y>'])
  expect(shown.slice(4, 6).sort()).toEqual(files.map(file => `<${file}>`))
  expect(shown[6]).toBe(path.join(rig.folder, 'work'))
  const variables = new Map(
    rig
      .read('variables')
      .split('\n')
      .map(line => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  )
  const start = rig.events('r').find(({ type }) => type === 'attempt-started') as unknown as {
    placement: { node: string; cores: number[] }
  }
  expect(Object.fromEntries(variables)).toMatchObject({
    ODOP_RUN: 'r',
    ODOP_TASK: 'show',
    ODOP_ITEM: 'show#1',
    ODOP_ATTEMPT: '1',
    ODOP_NODE: start.placement.node,
    ODOP_CORES: start.placement.cores.join(','),
    ODOP_CPUS: String(start.placement.cores.length),
    ODOP_FILE: shown[4]?.slice(1, -1),
    MINE: 'yes',
  })
  expect(variables.get('ODOP_SCRATCH')).toContain('scratch')
})

test('odop tasks check explains scripts, what is wrong with them, and what is passed over', async () => {
  await using rig = createRig()
  const script = (name: string, code: string, mode = 0o755) => {
    rig.write(`tasks/${name}`, code)
    chmodSync(path.join(rig.folder, 'tasks', name), mode)
  }
  script(
    'reduce.py',
    `#!/usr/bin/env python3\n#ODOP --trigger file-in:data --filter '*.h5' --cpus 2 --memory 1G --time 10m\n`,
  )
  const good = await rig.odop(['tasks', 'check'])
  expect(good.code).toBe(0)
  expect(good.stdout.toString().replaceAll(/\s+/g, ' ')).toContain(
    'Scripts with directives * tasks/reduce.py is the task reduce: a file in data, *.h5; 2 cpus, 1G of memory, at most 10m; started as tasks/reduce.py FILE…',
  )

  script('wrong.sh', '#!/bin/sh\n#ODOP --filtre x\n')
  script('later.sh', '#!/bin/sh\n#ODOP --cpus 1\n', 0o644)
  script('tool', '#!/bin/sh\n')
  const { code, stdout, stderr } = await rig.odop(['tasks', 'check'])
  expect(code).toBe(1)
  expect(stderr).toContain('tasks/wrong.sh:2:7: unknown option --filtre\n  fix: did you mean --filter?\n')
  expect(stderr).toContain('tasks/later.sh:2: it has #ODOP lines, but is not executable\n  fix: chmod +x ')
  expect(stdout.toString()).toContain('ignored: tasks/tool: it is executable, but has no #ODOP lines\n')
  expect(stdout.toString()).toContain('1 task, 2 problems in 2 files\n')
})

const CODE = (name: string, body: string) =>
  `import { appendFileSync, existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileIn, task } from 'odop'
export default task({ trigger: fileIn('data'), retries: 0 }, async ({ file }) => {
  ${body}
  appendFileSync('${name}.done', path.basename(file) + '\\n')
})
`

const lines = (rig: Rig, file: string) =>
  existsSync(path.join(rig.folder, file)) ? rig.read(file).trim().split('\n').sort() : []

const exists = (rig: Rig, file: string) => existsSync(path.join(rig.folder, file))

/** An application that runs until the test says so. */
const application = (done: string) => ['sh', '-c', `until [ -e ${done} ]; do sleep 0.05; done`]

test('tasks are added to a live run, and removed from it', { timeout: 120_000 }, async () => {
  await using rig = createRig()
  const wait = `while (!existsSync('go')) await new Promise(resolve => setTimeout(resolve, 20))`
  rig.write('tasks/slow.mjs', CODE('slow', `appendFileSync('slow.began', 'x')\n${wait}`))
  rig.write('more/quick.mjs', CODE('quick', ''))
  rig.write('more/count.sh', '#!/bin/sh\n#ODOP --trigger file-in:data --priority 5\nwc -c "$1" >> counted\n')
  chmodSync(path.join(rig.folder, 'more/count.sh'), 0o755)
  for (const name of ['a', 'b', 'c']) rig.write(`data/${name}`, 'x')
  const run = rig.start([
    odop,
    'run',
    '--name',
    'live',
    '--max-cpus',
    '1',
    '--drain',
    '--',
    ...application('done'),
  ])
  await until('the first attempt runs', () => exists(rig, 'slow.began'))

  const added = await rig.odop(['tasks', 'add', 'live', 'more/quick.mjs', 'more/count.sh'])
  expect(added.stderr).toBe('')
  expect(added.stdout.toString()).toBe('added quick: a file in data\nadded count: a file in data\n')
  const again = await rig.odop(['tasks', 'add', 'live', 'more/quick.mjs', 'more/none.sh'])
  expect(again.code).toBe(1)
  expect(again.stderr).toMatch(
    /none\.sh: there is no such file[\s\S]*the run has a task quick already\n {2}fix: give/,
  )

  const listed = JSON.parse((await rig.odop(['tasks', 'list', 'live', '--json'])).stdout.toString())
  expect(listed).toMatchObject([
    { name: 'slow', state: 'defined', running: 1, definition: { kind: 'function' } },
    { name: 'quick', state: 'defined' },
    { name: 'count', state: 'defined', definition: { kind: 'script', priority: 5 } },
  ])
  const removed = await rig.odop(['tasks', 'remove', 'live', 'slow'])
  expect(removed.stdout.toString()).toBe(
    'removed slow; 2 pending work items cancelled; 1 attempt goes on to its end\n',
  )
  const unknown = await rig.odop(['tasks', 'remove', 'live', 'slow', 'solw'])
  expect(unknown.code).toBe(1)
  expect(unknown.stderr).toBe(
    'odop: slow was removed before\nodop: the run has no task solw; there is quick, count\n',
  )

  rig.write('go', '')
  await until(
    'the added tasks have done their work',
    () => lines(rig, 'quick.done').length === 3 && lines(rig, 'counted').length === 3,
  )
  rig.write('done', '')
  const { code, stderr } = await run.finished
  expect(code, stderr).toBe(0)
  expect(lines(rig, 'slow.done')).toHaveLength(1)
  expect(rig.summary('live')['tasks']).toMatchObject([
    { name: 'slow', completed: 1, cancelled: 2, left: 0 },
    { name: 'quick', completed: 3 },
    { name: 'count', completed: 3 },
  ])
  const text = (await rig.odop(['tasks', 'list', 'live'])).stdout.toString()
  expect(text).toMatch(/^slow +removed +0 +0 +1 +0 +2 /m)

  // A later launch has what was added, and not what was removed.
  rig.write('data/d', 'x')
  const later = await rig.odop(['run', '--name', 'live', '--drain', '--', 'true'])
  expect(later.code, later.stderr).toBe(0)
  expect(lines(rig, 'quick.done')).toEqual(['a', 'b', 'c', 'd'])
  expect(lines(rig, 'slow.done')).toHaveLength(1)
  expect(JSON.stringify(rig.summary('live')['notes'])).toContain(
    'slow is left out: it was removed from this run',
  )
})

test('what runs of a removed task is ended when that is asked for', { timeout: 60_000 }, async () => {
  await using rig = createRig()
  rig.write('tasks/endless.sh', '#!/bin/sh\n#ODOP --name endless\n: > began\nexec sleep 1000\n')
  chmodSync(path.join(rig.folder, 'tasks/endless.sh'), 0o755)
  const run = rig.start([odop, 'run', '--name', 'now', '--drain', '--', ...application('done')])
  await until('it runs', () => exists(rig, 'began'))
  const { stdout } = await rig.odop(['tasks', 'remove', 'now', 'endless', '--now'])
  expect(stdout.toString()).toBe('removed endless; 1 attempt is ended\n')
  await until('it has ended', () => rig.events('now').some(({ type }) => type === 'attempt-ended'))
  rig.write('done', '')
  expect((await run.finished).code).toBe(0)
  expect(rig.events('now').find(({ type }) => type === 'attempt-ended')).toMatchObject({
    outcome: 'cancelled',
    reason: 'its task was removed (odop tasks remove)',
  })
  expect(rig.summary('now')['tasks']).toMatchObject([{ name: 'endless', cancelled: 1, left: 0 }])
})

test('a background task that was removed but still runs does not keep a drain going', {
  timeout: 60_000,
}, async () => {
  await using rig = createRig()
  rig.write('tasks/endless.sh', '#!/bin/sh\n#ODOP --name endless\n: > began\nexec sleep 1000\n')
  chmodSync(path.join(rig.folder, 'tasks/endless.sh'), 0o755)
  const run = rig.start([odop, 'run', '--name', 'b', '--drain', '--', ...application('done')])
  await until('it runs', () => exists(rig, 'began'))
  expect((await rig.odop(['tasks', 'remove', 'b', 'endless'])).code).toBe(0)
  rig.write('done', '')
  expect((await run.finished).code).toBe(0)
  expect(rig.summary('b')['tasks']).toMatchObject([{ name: 'endless', cancelled: 1, left: 0 }])
})

test('tasks of a run that is not live are changed for what comes', { timeout: 90_000 }, async () => {
  await using rig = createRig()
  rig.write('tasks/never.mjs', CODE('never', ''))
  rig.write('more/quick.mjs', CODE('quick', ''))
  for (const name of ['a', 'b']) rig.write(`data/${name}`, 'x')
  // No core: what is queued is left.
  const first = await rig.odop(['run', '--name', 'past', '--', 'sleep', '1'], {
    environment: { ODOP_IDLE_THRESHOLD: '1%', ODOP_MEMORY_RESERVE: '100%' },
  })
  expect(first.code, first.stderr).toBe(0)
  expect(rig.summary('past')['tasks']).toMatchObject([{ name: 'never', left: 2, attempts: 0 }])

  const removed = await rig.odop(['tasks', 'remove', 'past', 'never'])
  expect([removed.stdout.toString(), removed.stderr]).toEqual([
    'removed never; 2 pending work items cancelled\n',
    '',
  ])
  const added = await rig.odop(['tasks', 'add', 'past', 'more/quick.mjs'])
  expect(added.stdout.toString()).toBe('added quick: a file in data\n')
  // It is still a run that has ended, not one that was interrupted.
  const runs = JSON.parse((await rig.odop(['runs', '--json'])).stdout.toString())
  expect(runs).toMatchObject([{ name: 'past', state: 'ended' }])
  expect((await rig.odop(['tasks', 'remove', 'gone', 'never'])).stderr).toContain('gone')

  const drained = await rig.odop(['drain', 'past'])
  expect(drained.code, drained.stderr).toBe(0)
  expect(lines(rig, 'quick.done')).toEqual(['a', 'b'])
  expect(exists(rig, 'never.done')).toBe(false)
  const text = readFileSync(path.join(rig.odopPath, 'runs/past/summary.json'), 'utf8')
  expect(JSON.parse(text).tasks).toMatchObject([
    { name: 'never', cancelled: 2, left: 0 },
    { name: 'quick', completed: 2, left: 0 },
  ])
})

test('an attempt that writes more than its disk limit is ended, and its end names the limit', {
  timeout: 60_000,
}, async () => {
  await using rig = createRig()
  // Beside the repository: a temporary folder may be memory, which is not a disk.
  const folder = path.resolve('test/rig')
  rig.write(
    'tasks/big.sh',
    `#!/bin/sh
#ODOP --disk-limit 4M --retries 0 --trigger file-in:data
file=${folder}/.written-$$
trap 'rm -f "$file"' EXIT TERM
dd if=/dev/zero of="$file" bs=1M count=16 2>/dev/null
rm -f "$file"
sleep 60 & wait
`,
  )
  chmodSync(path.join(rig.folder, 'tasks/big.sh'), 0o755)
  rig.write('data/a', 'x')
  const { code } = await rig.odop(['run', '--name', 'disk', '--drain', '--', 'true'])
  expect(code).toBe(0)
  expect(rig.events('disk').find(({ type }) => type === 'attempt-ended')).toMatchObject({
    outcome: 'failed',
    reason: expect.stringMatching(/^over its disk limit of 4M: it wrote \d+(\.\d)?M$/),
  })
})
