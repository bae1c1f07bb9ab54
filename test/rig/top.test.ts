import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import type { OdopEvent } from '../../src/core/events.ts'
import { replay } from '../../src/core/state.ts'
import { newDetails } from '../../src/views/details.ts'
import { type Status, statusOf } from '../../src/views/status.ts'
import { cluster } from '../views/dashboard/scenes.ts'
import { createRig, odop, type Rig, until } from './rig.ts'
import { hasTmux, openTerminal } from './tmux.ts'

const sizes = [
  [80, 24],
  [120, 40],
  [40, 10],
] as const

/** Attempts at `hold` take until the file `release` is there. */
const TASKS = `
import { existsSync } from 'node:fs'
import { fileIn, task } from 'odop'
export const reduce = task({ name: 'reduce', trigger: fileIn('data'), cpus: 1, retries: 0 }, async ({ file }) => {
  if (file.includes('bad')) throw new Error('a bad file')
})
export const hold = task({ name: 'hold', trigger: fileIn('held'), cpus: 1, time: '10m' }, async ({ file, log }) => {
  log('the log of ' + file.split('/').pop())
  while (!existsSync('release')) await new Promise(go => setTimeout(go, 50))
})
`
/** Ends when the file `end` is there. */
const APPLICATION = 'while ! [ -e end ]; do sleep 0.1; done'

function userFolder(): Rig {
  const rig = createRig()
  rig.write('tasks/reduce.mjs', TASKS)
  for (const name of ['a1', 'a2', 'a3', 'bad4']) rig.write(`data/${name}`, 'x')
  return rig
}

const RUN = ['run', '--name', 'seen', '--max-cpus', '1']

/** What the journal says, by the fold that all views share. */
function toldBy(events: readonly OdopEvent[], alive = true): Status {
  const status = statusOf(replay(events), { now: Date.now(), alive, details: newDetails(), snapshot: null })
  if (status === null) throw new Error('nothing was launched')
  return status
}

/** 3 of `reduce` are completed, one has failed; one of `hold` runs until it is released, two wait; and nothing else happens. */
async function settled(rig: Rig): Promise<Status> {
  await until('the short work is done', () => {
    const reduce = taskNow(rig, 'reduce')
    return reduce?.completed === 3 && reduce.failed === 1
  })
  for (const name of ['h1', 'h2', 'h3']) rig.write(`held/${name}`, 'x')
  await until('the run stands still', () => {
    const hold = taskNow(rig, 'hold')
    return hold?.running === 1 && hold.pending === 2
  })
  return toldBy(rig.events('seen'))
}

function taskNow(rig: Rig, name: string) {
  return statusNow(rig)?.tasks.find(task => task.name === name)
}

function statusNow(rig: Rig): Status | null {
  try {
    return toldBy(rig.events('seen'))
  } catch {
    return null
  }
}

/** The numbers of a task's row. */
function rowOf(lines: readonly string[], task: string): number[] {
  const row = lines.find(line => line.slice(2).startsWith(`${task} `)) ?? ''
  return row
    .slice(2 + task.length)
    .trim()
    .split(/ +/)
    .slice(0, 5)
    .map(Number)
}

function numbersOf({ tasks }: Status, name: string): number[] {
  const task = tasks.find(each => each.name === name)
  if (task === undefined) throw new Error(`there is no task ${name}`)
  return [task.pending, task.running, task.suspended, task.completed, task.failed + task.timeout]
}

/** Of all tasks, as the frame has them and as the journal has them. */
function bothOf(lines: readonly string[], rig: Rig): { readonly seen: unknown; readonly told: unknown } {
  const status = toldBy(rig.events('seen'))
  const names = status.tasks.map(({ name }) => name)
  return {
    seen: names.map(name => [name, rowOf(lines, name)]),
    told: names.map(name => [name, numbersOf(status, name)]),
  }
}

/** The one process with such a command. */
function pidOf(command: RegExp): number {
  const pids = readdirSync('/proc').filter(name => /^\d+$/.test(name) && command.test(commandOf(name)))
  if (pids.length !== 1) throw new Error(`expected one process with ${command}, found ${pids.length}`)
  return Number(pids[0])
}

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
  } catch {
    return ''
  }
}

function expectAsTold(lines: readonly string[], rig: Rig): void {
  const { seen, told } = bothOf(lines, rig)
  expect(seen).toEqual(told)
}

describe.skipIf(!hasTmux)('odop top in a terminal (needs tmux)', () => {
  test.each(sizes)('of %i × %i: a live run, then its end, as the journal has them', async (columns, rows) => {
    await using rig = userFolder()
    const run = rig.start([odop, ...RUN, '--', 'sh', '-c', APPLICATION])
    const status = await settled(rig)
    await using terminal = openTerminal(rig, [columns, rows])
    terminal.type(`${odop} top seen`)
    const live = await terminal.see(
      'the live run',
      (text, lines) => text.includes('seen live') && rowOf(lines, 'hold').length === 5,
    )
    expectAsTold(live, rig)
    expect(
      live.filter(line => /^ {2}hold#\d+\.1 /.test(line)).map(line => line.trim().split(' ')[0]),
    ).toEqual(status.attempts.map(({ attempt }) => attempt))
    expect(live).toHaveLength(rows)
    expect(terminal.colours()).toContain('\x1b[3')
    expect(live.at(-1)).toContain('q quit')
    const [node] = status.nodes
    const cores = live.find(line => line.startsWith(rows === 10 ? 'Cores' : (node?.name.slice(0, 8) ?? '?')))
    const marks = cores?.slice(10).split(' ')[0] ?? ''
    expect(marks).toMatch(new RegExp(`^[#+=%.]{1,${node?.cores}}$`))
    // Of as many cores as fit in a line, one has the task.
    if (marks.length === node?.cores) expect(marks.match(/[=%]/g)).toHaveLength(1)

    rig.write('release', '')
    rig.write('end', '')
    expect((await run.finished).code).toBe(0)
    const over = await terminal.see('the end', text => text.includes('seen ended'))
    expectAsTold(over, rig)

    terminal.key('q')
    await terminal.see(
      'the shell again',
      text => text.includes('odop.js top seen') && !text.includes('q quit'),
    )
    terminal.type(`${odop} top`)
    const again = await terminal.see('the run that is over', text => text.includes('seen ended'))
    expectAsTold(again, rig)
    const { harvest } = JSON.parse(readFileSync(path.join(rig.odopPath, 'runs/seen/summary.json'), 'utf8'))
    if (harvest.harvestedCoreSeconds > 0.5) expect(again[0]).toContain(`${Math.round(harvest.share * 100)}%`)
  })

  test('keys: pause, resume, explain, a log, cancel; and what was on the terminal comes back', async () => {
    await using rig = userFolder()
    const run = rig.start([odop, ...RUN, '--', 'sh', '-c', APPLICATION])
    await settled(rig)
    await using terminal = openTerminal(rig, [100, 30])
    terminal.type('echo before')
    terminal.type(`${odop} top seen`)
    await terminal.see('the run', text => text.includes('seen live'))
    terminal.key('/')
    terminal.type('hold')
    await terminal.see('what is filtered', (_, lines) => lines.some(line => line.startsWith('> hold')))
    terminal.key('p')
    const paused = await terminal.see(
      'the pause',
      (text, lines) => text.includes('PAUSED') && rowOf(lines, 'hold')[2] === 1,
    )
    expect(paused.join('\n')).toContain('harvesting is paused')
    expect(rowOf(paused, 'hold')).toEqual(numbersOf(toldBy(rig.events('seen')), 'hold'))
    terminal.key('e')
    await terminal.see('why it waits', text =>
      /\* harvesting is paused since [\d:]+ UTC; odop resume seen lets tasks run again/.test(text),
    )
    terminal.key('q')
    terminal.key('p')
    await terminal.see(
      'that it goes on',
      (text, lines) => !text.includes('PAUSED') && rowOf(lines, 'hold')[1] === 1,
    )
    terminal.key('l')
    await terminal.see('the log', text => /Log of hold#\d\.1\n.*the log of h\d/.test(text))
    terminal.key('q')
    terminal.key('Tab')
    terminal.key('c')
    await terminal.see('the question', text => /cancel hold#\d\.1\?/.test(text))
    terminal.key('y')
    await until('it is cancelled', () =>
      rig.events('seen').some(event => event.type === 'attempt-ended' && event.outcome === 'cancelled'),
    )
    terminal.key('Tab')
    await terminal.see('the node chosen', text => /^> .*app +\d/m.test(text))
    terminal.key('Tab')
    await terminal.see('the task chosen', text => /^> +hold /m.test(text))
    terminal.key('Enter')
    await terminal.see('the work items', text => text.includes('Work item'))
    terminal.key('End')
    terminal.key('c')
    terminal.key('y')
    await until('another one is cancelled', () =>
      rig.events('seen').some(event => event.type === 'item-cancelled'),
    )
    terminal.key('q')
    terminal.key('q')
    const back = await terminal.see(
      'the shell',
      text => text.includes('echo before') && !text.includes('seen live'),
    )
    // Behind the prompt where the shell was slower than who typed.
    expect(back.join('\n')).toMatch(/^(\$ )?before$/m)
    rig.write('release', '')
    rig.write('end', '')
    await run.finished
    expect(rig.events('seen').map(({ type }) => type)).toEqual(
      expect.arrayContaining(['harvest-paused', 'harvest-resumed']),
    )
    expect(JSON.stringify(rig.summary('seen')['notes'])).toContain('harvesting was paused by the user')
  })

  test('keys that come in one piece are obeyed one by one', async () => {
    await using rig = userFolder()
    await rig.odop(['run', '--name', 'seen', '--max-cpus', '1', '--drain', '--quiet', '--', 'true'])
    await using terminal = openTerminal(rig, [100, 30])
    terminal.type(`${odop} top seen`)
    await terminal.see('the run', text => text.includes('seen ended') && /^> +hold /m.test(text))
    // From the tasks to the attempts and on to the nodes.
    terminal.key('Tab', 'Tab')
    await terminal.see('the node chosen', text => /^> /m.test(text) && !/^> +(hold|reduce) /m.test(text))
    terminal.key('Tab', 'j')
    await terminal.see('the second task chosen', text => /^> +reduce /m.test(text))
    terminal.key('Up', 'Down', 'Down', 'Up', 'Up')
    await terminal.see('the first task chosen', text => /^> +hold /m.test(text))
    terminal.key('/', 'r', 'e', 'x', 'BSpace', 'Enter', 'e')
    await terminal.see('what the filtered task waits for', text => text.includes('Why work of reduce waits'))
    terminal.key('q', 'q')
    await terminal.see('the shell', text => !text.includes('seen ended'))
  })

  test('a signal ends it, and gives the terminal back', async () => {
    await using rig = userFolder()
    await rig.odop(['run', '--name', 'seen', '--no-tasks', '--', 'true'])
    await using terminal = openTerminal(rig, [80, 24])
    terminal.type('echo before')
    terminal.type(`${odop} top seen; echo code $?`)
    await terminal.see('the run', text => text.includes('seen ended'))
    process.kill(pidOf(/^node .* top seen/), 'SIGTERM')
    const back = await terminal.see('the shell', text => text.includes('code 143'))
    // Behind the prompt where the shell was slower than who typed.
    expect(back.join('\n')).toMatch(/^(\$ )?before$/m)
    expect(back.join('\n')).not.toContain('seen ended')
    // Letters are shown again as they are typed.
    terminal.type('echo typed')
    await terminal.see('what is typed', text => text.includes('$ echo typed\ntyped'))
    terminal.type(`${odop} top seen; echo code $?`)
    await terminal.see('the run', text => text.includes('seen ended'))
    terminal.key('C-c')
    await terminal.see('the shell', text => text.includes('code 0'))
  })

  test('another host, which only sees the folder: 1,000 nodes, resized, without colours', async () => {
    await using rig = createRig()
    const folder = path.join(rig.odopPath, 'runs/heat')
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    const events = cluster(1000, 64)
    writeFileSync(
      path.join(folder, 'events.ndjson'),
      events.map(event => `${JSON.stringify(event)}\n`).join(''),
    )
    await using terminal = openTerminal(rig, [80, 24], { NO_COLOR: '1' })
    terminal.type(`${odop} top heat`)
    const first = await terminal.see('the run', text => text.includes('heat live') && text.includes('q quit'))
    expect(first.join('\n')).toContain('Nodes     1000, 5 nodes a mark')
    expect(first[0]).toContain('harvested 2.2 of 2.8 core-hours (80%)')
    expect(terminal.colours()).not.toContain('\x1b[')
    terminal.resize(40, 10)
    await terminal.see(
      'the small one',
      (text, lines) => lines.length === 10 && text.includes('q quit') && lines[0]?.includes('80%') === true,
    )
    terminal.resize(120, 40)
    const large = await terminal.see(
      'the large one',
      (text, lines) => lines.length === 40 && /Nodes {5}1000, [0-9]+ nodes? a mark/.test(text),
    )
    expect(large.filter(line => line.startsWith('heat live'))).toHaveLength(1)
    terminal.key('p')
    await terminal.see('that it can not be told', text => text.includes('it can be told only on n1'))
  })
})

describe.skipIf(!hasTmux)('odop run --dashboard in a terminal (needs tmux)', () => {
  const PRINTING = 'i=0; while ! [ -e end ]; do i=$((i+1)); echo "line $i"; sleep 0.2; done; echo last'

  test('the application writes above, the dashboard is below; afterwards all is the shell’s', async () => {
    await using rig = userFolder()
    await using terminal = openTerminal(rig, [80, 24])
    rig.write('app.sh', PRINTING)
    terminal.type(`${odop} ${RUN.join(' ')} --dashboard -- sh app.sh; echo code $?`)
    const lines = await terminal.see(
      'both',
      (text, lines) =>
        /^-- odop: seen live/m.test(text) && rowOf(lines, 'reduce')[3] === 3 && /line 20/.test(text),
    )
    expect(lines.findIndex(line => line.startsWith('-- odop: seen'))).toBe(24 - 8)
    expect(lines.slice(0, 16).join('\n')).not.toMatch(/reduce|hold/)
    await settled(rig)
    const still = await terminal.see(
      'what the journal says',
      (_, lines) => rowOf(lines, 'hold')[0] === 2 && rowOf(lines, 'hold')[1] === 1,
    )
    expectAsTold(still, rig)
    terminal.resize(100, 30)
    await terminal.see('the resized one', (_, lines) => lines[20]?.startsWith('-- odop: seen') === true)
    rig.write('release', '')
    rig.write('end', '')
    await terminal.see('the end', text => text.includes('code 0'))
    const all = terminal.all()
    // No line of the application is lost, or in another order.
    const printed = all.flatMap(line => /^line (\d+)$/.exec(line)?.[1] ?? [])
    expect(printed.length).toBeGreaterThanOrEqual(20)
    expect(printed.map(Number)).toEqual(printed.map((_, at) => at + 1))
    expect(all.join('\n')).not.toContain('-- odop:')
    expect(all.join('\n')).toContain('== odop: seen')
    terminal.type('for i in $(seq 40); do echo shell $i; done')
    await terminal.see(
      'the shell has all lines',
      (_, lines) => lines.filter(line => line.startsWith('shell')).length >= 28,
    )
  })

  test.each([
    [120, 40],
    [40, 24],
  ] as const)('of %i × %i it has what the journal has', async (columns, rows) => {
    await using rig = userFolder()
    await using terminal = openTerminal(rig, [columns, rows])
    rig.write('app.sh', PRINTING)
    terminal.type(`${odop} ${RUN.join(' ')} --dashboard -- sh app.sh; echo code $?`)
    await settled(rig)
    const lines = await terminal.see(
      'what the journal says',
      (_, lines) => rowOf(lines, 'hold')[0] === 2 && rowOf(lines, 'hold')[1] === 1,
    )
    expectAsTold(lines, rig)
    const height = columns === 120 ? 12 : 8
    expect(lines.findIndex(line => line.startsWith('-- odop: seen'))).toBe(rows - height)
    expect(lines.slice(0, rows - height).join('\n')).not.toMatch(/reduce|hold#/)
    rig.write('release', '')
    rig.write('end', '')
    await terminal.see('the end', text => text.includes('code 0'))
  })

  test('in a terminal of 40 × 10 there is no room for it: a line at a milestone instead', async () => {
    await using rig = userFolder()
    rig.write('release', '')
    await using terminal = openTerminal(rig, [40, 10])
    rig.write('app.sh', 'while ! [ -e end ]; do sleep 0.1; done')
    terminal.type(`${odop} ${RUN.join(' ')} --dashboard -- sh app.sh; echo code $?`)
    await terminal.see('a milestone', text => /^odop: \S+: 1 completed, /m.test(text))
    expect(terminal.all().join('\n')).not.toContain('-- odop:')
    rig.write('end', '')
    await terminal.see('the end', text => text.includes('code 0'))
  })

  test('killed with -9 it leaves the terminal whole, and the application alone', async () => {
    await using rig = userFolder()
    await using terminal = openTerminal(rig, [80, 24])
    rig.write('app.sh', PRINTING)
    terminal.type(`${odop} ${RUN.join(' ')} --dashboard -- sh app.sh; echo code $?`)
    await terminal.see('the dashboard', text => text.includes('-- odop: seen live'))
    process.kill(pidOf(/^node .*odop\.js run --name seen/), 'SIGKILL')
    // One after the other: what the shell says may have scrolled away by the time that the dashboard is gone.
    await terminal.see('that odop is gone', text => text.includes('code 137'))
    await terminal.see('the application alone', text => !text.includes('-- odop:'))
    await terminal.see(
      'that it uses all lines',
      (_, lines) => /line \d+/.test(lines.at(-2) ?? '') || /line \d+/.test(lines.at(-1) ?? ''),
    )
    rig.write('end', '')
    await terminal.see('its end', text => text.includes('last'))
  })

  test('where the dashboard’s own process is killed, the terminal is given back', async () => {
    await using rig = userFolder()
    await using terminal = openTerminal(rig, [80, 24])
    rig.write('app.sh', PRINTING)
    terminal.type(`${odop} ${RUN.join(' ')} --quiet --dashboard -- sh app.sh; echo code $?`)
    await terminal.see('the dashboard', text => text.includes('-- odop: seen live'))
    process.kill(pidOf(new RegExp(`dashboard\\.cjs ${rig.odopPath} `)), 'SIGKILL')
    await terminal.see('all lines in use', (_, lines) =>
      lines.slice(-3).some(line => /^line \d+$/.test(line)),
    )
    rig.write('release', '')
    rig.write('end', '')
    await terminal.see('the end', text => text.includes('code 0'))
  })
})

describe('odop run --dashboard without a terminal', () => {
  test('says a line at a milestone, on stderr only', async () => {
    await using rig = userFolder()
    rig.write('release', '')
    const run = rig.start([
      odop,
      ...RUN,
      '--dashboard',
      '--',
      'sh',
      '-c',
      'while ! [ -e end ]; do sleep 0.1; done; echo out',
    ])
    await until(
      'the work is done',
      () => (taskNow(rig, 'reduce')?.completed ?? 0) + (taskNow(rig, 'reduce')?.failed ?? 0) === 4,
    )
    rig.write('end', '')
    const { stdout, stderr, code } = await run.finished
    expect([code, stdout.toString()]).toEqual([0, 'out\n'])
    const said = stderr.split('\n').filter(line => /^odop: [0-9.]+(ms|s): /.test(line))
    expect(said[0]).toMatch(/^odop: \S+: 1 completed, /)
    expect(said.at(-1)).toMatch(/3 completed, 1 failed, 0 running, 0 waiting/)
    expect(said.length).toBeLessThanOrEqual(3)
    expect(stderr).not.toContain('\x1b')
  })

  test('and with --quiet nothing', async () => {
    await using rig = userFolder()
    rig.write('release', '')
    rig.write('end', '')
    const { stderr } = await rig.odop([...RUN, '--dashboard', '--quiet', '--', 'sh', '-c', APPLICATION])
    expect(stderr).toBe('')
  })
})

describe('odop pause, resume and cancel', () => {
  test('reach a live run, and say what is wrong', async () => {
    await using rig = userFolder()
    const run = rig.start([odop, ...RUN, '--', 'sh', '-c', APPLICATION])
    const status = await settled(rig)
    expect((await rig.odop(['pause', 'seen'])).code).toBe(0)
    await until('it is suspended', () => taskNow(rig, 'hold')?.suspended === 1)
    expect((await rig.odop(['status', 'seen'])).stdout.toString()).toMatch(/Paused +since .*odop resume seen/)
    expect((await rig.odop(['cancel', 'seen', 'hold#99'])).stderr).toBe(
      'odop: "hold#99" has ended, or was never queued\n',
    )
    expect((await rig.odop(['cancel', 'seen', 'x'])).stderr).toContain('is no work item of this run')
    expect((await rig.odop(['cancel', 'seen', status.attempts[0]?.attempt ?? ''])).code).toBe(0)
    await until('it is cancelled', () => taskNow(rig, 'hold')?.cancelled === 1)
    expect(taskNow(rig, 'hold')).toMatchObject({ running: 0, suspended: 0, pending: 2 })
    rig.write('release', '')
    expect((await rig.odop(['resume', 'seen'])).code).toBe(0)
    await until('the rest is done', () => taskNow(rig, 'hold')?.completed === 2)
    rig.write('end', '')
    expect((await run.finished).code).toBe(0)
    expect((await rig.odop(['pause', 'seen'])).stderr).toContain('seen is not running any more')
    expect((await rig.odop(['resume', 'nothing'])).code).toBe(1)
  })

  test('a pause ends with the application where the queue is drained', async () => {
    await using rig = userFolder()
    const run = rig.start([odop, ...RUN, '--drain', '--', 'sh', '-c', APPLICATION])
    await settled(rig)
    await rig.odop(['pause', 'seen'])
    rig.write('release', '')
    rig.write('end', '')
    await run.finished
    expect(rig.summary('seen')['tasks']).toContainEqual(
      expect.objectContaining({ name: 'hold', completed: 3, left: 0 }),
    )
  })
})

test('odop top prints a picture where there is no terminal', async () => {
  await using rig = userFolder()
  rig.write('release', '')
  rig.write('end', '')
  await rig.odop([...RUN, '--drain', '--', 'sh', '-c', APPLICATION])
  const { stdout, code } = await rig.odop(['top'])
  const lines = stdout.toString().split('\n')
  expect(code).toBe(0)
  expect(lines[0]).toMatch(/^seen ended/)
  expectAsTold(lines, rig)
  expect((await rig.odop(['top', 'nothing'])).code).toBe(1)
})
