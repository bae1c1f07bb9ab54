import { describe, expect, test } from 'vitest'
import { createRig, odop, type Rig, until } from './rig.ts'

/** Twelve items of two tasks. Each task's are queued together, at a moment of its own. */
const TASKS = `
import { fileIn, task } from 'odop'
export const a = task({ trigger: fileIn('data', { filter: 'a*' }), priority: 1 }, async () => {})
export const b = task({ trigger: fileIn('data', { filter: 'b*' }) }, async () => {})
`

function rigWithItems(policy?: string, name = 'policy.mjs'): Rig {
  const rig = createRig()
  rig.write('tasks/both.mjs', TASKS)
  for (let n = 1; n <= 6; n += 1) {
    rig.write(`data/a${n}`, 'x')
    rig.write(`data/b${n}`, 'x')
  }
  if (policy !== undefined) rig.write(name, policy)
  return rig
}

async function runWith(rig: Rig, policy: string) {
  const words = [
    'run',
    '--name',
    'r',
    '--drain',
    '--max-cpus',
    '1',
    '--policy',
    policy,
    '--',
    'sh',
    '-c',
    'exit 5',
  ]
  const result = await rig.odop(words)
  expect(result.code).toBe(5)
  return { ...result, notes: (rig.summary('r')['notes'] as string[]).join('\n') }
}

function started(rig: Rig): string[] {
  return rig.events('r').flatMap(event => (event.type === 'attempt-started' ? [event.item] : []))
}

/** Each item once, and no core for two attempts at the same time. */
function nothingWentWrong(rig: Rig): void {
  expect(started(rig).toSorted()).toEqual(
    ['a', 'b'].flatMap(task => [1, 2, 3, 4, 5, 6].map(n => `${task}#${n}`)),
  )
  const held = new Map<string, string>()
  for (const event of rig.events('r')) {
    if (event.type === 'attempt-started') {
      for (const core of event.placement.cores) {
        expect(held.get(`${event.placement.node}/${core}`)).toBe(undefined)
        held.set(`${event.placement.node}/${core}`, event.attempt)
      }
    }
    if (event.type !== 'attempt-ended') continue
    for (const [core, attempt] of held) if (attempt === event.attempt) held.delete(core)
  }
}

function timesSaid(text: string, pattern: RegExp): number {
  return text.match(new RegExp(pattern, 'g'))?.length ?? 0
}

describe('a policy of the user’s own', () => {
  test('decides what starts, and in which order', async () => {
    const rig = rigWithItems(`
      import { definePolicy } from 'odop'
      let all = false
      export default definePolicy(({ items }) => {
        all ||= items.length === 12
        if (!all) return []
        return items.toSorted((one, other) => other.id.localeCompare(one.id)).map(({ id }) => ({ item: id }))
      })
    `)
    await using _ = rig
    const { stderr, notes } = await runWith(rig, './policy.mjs')
    nothingWentWrong(rig)
    expect(`${stderr}${notes}`).not.toContain('policy')
    const settings = rig
      .events('r')
      .flatMap(event => (event.type === 'launch-started' ? [event.settings] : []))
    expect(settings[0]?.policy).toBe(`${rig.folder}/policy.mjs`)
    expect(started(rig)).toEqual(started(rig).toSorted((one, other) => other.localeCompare(one)))
  })

  test('in TypeScript, from the configuration, with nodes and cores of its choice', async () => {
    await using rig = rigWithItems(
      `
      import { definePolicy, type PolicyPlacement } from 'odop'
      export default definePolicy(({ items, nodes }): PolicyPlacement[] => {
        const [node] = nodes
        const item = items.at(-1)
        return node && item ? [{ item: item.id, node: node.name, cores: node.freeCores.slice(-1) }] : []
      })`,
      'last.ts',
    )
    rig.write('.odoprc', 'policy: ./last.ts\n')
    const { code, stderr } = await rig.odop(['run', '--name', 'r', '--drain', '--', 'true'])
    expect({ code, said: stderr.includes('policy') }).toEqual({ code: 0, said: false })
    nothingWentWrong(rig)
  })

  const first = 'const [item] = items; const [node] = nodes; const [core] = node.freeCores;'
  const wrongs: readonly [string, string, RegExp][] = [
    ['throws', 'throw new TypeError("no such weight")', /threw TypeError: no such weight \(line 1\)/],
    ['throws later', 'setTimeout(() => { throw new Error("later") }); return []', /threw Error: later/],
    ['loops for ever', 'for (;;);', /did not answer within 2 s/],
    ['ends its process', 'process.exit(3)', /ended its process with exit code 3/],
    ['returns nothing', '', /returned undefined instead of an array/],
    ['answers later', 'return Promise.resolve([])', /returned a promise instead of an array/],
    [
      'returns a core twice',
      `${first} return items.slice(0, 2).map(({ id }) => ({ item: id, node: node.name, cores: [core] }))`,
      /gave core \d+ of .* away twice/,
    ],
    [
      'returns a core that is not free',
      `${first} return [{ item: item.id, node: node.name, cores: [4000] }]`,
      /gave core 4000 of .*, which is not free/,
    ],
    [
      'returns more than fits',
      `${first} return items.map(({ id }) => ({ item: id, node: node.name }))`,
      /gave away 2 cores of .*, where 1 can be taken/,
    ],
    ['returns unknown items', 'return [{ item: "c#1" }]', /placed c#1, which is not among the items/],
    ['returns an item twice', `${first} return [{ item: item.id }, { item: item.id }]`, /placed .* twice/],
    ['never starts anything', 'return []', /starts nothing, though nothing runs/],
  ]
  test.each(wrongs)('that %s is reported once, and priority takes over', async (_, body, said) => {
    await using rig = rigWithItems(`export default ({ items, nodes }) => { ${body} }`)
    const { stderr, notes } = await runWith(rig, './policy.mjs')
    nothingWentWrong(rig)
    expect(notes).toMatch(said)
    expect(notes).toContain("from here on 'priority' decides what starts")
    expect(timesSaid(stderr.split('\n\n')[0] ?? '', said)).toBe(1)
    const told = rig.events('r').filter(event => event.type === 'note' && said.test(event.text))
    expect(told).toHaveLength(1)
    expect(rig.processes()).toEqual([])
  })

  test('that takes a core on which an attempt runs is reported, and priority takes over', async () => {
    await using rig = rigWithItems(`
      let first = null
      export default ({ items, nodes: [node] }) => {
        first ??= node.freeCores[0]
        return [{ item: items[0].id, node: node.name, cores: [first] }]
      }`)
    rig.write(
      'tasks/both.mjs',
      TASKS.replaceAll('async () => {}', 'async () => { await new Promise(done => setTimeout(done, 300)) }'),
    )
    const { code } = await rig.odop(['run', '--name', 'r', '--drain', '--policy', 'policy.mjs', '--', 'true'])
    expect(code).toBe(0)
    nothingWentWrong(rig)
    // On a machine with one core there is nothing else that it could be asked for.
    const several = (rig.summary('r')['totals'] as { cores: number }).cores > 1
    if (several)
      expect(JSON.stringify(rig.summary('r')['notes'])).toMatch(/gave core \d+ of .* which is not free/)
  })

  const unusable: readonly [string, string | undefined, RegExp][] = [
    ['is not there', undefined, /policy\.mjs is not used: there is no such file/],
    [
      'throws while it is loaded',
      'throw new Error("not today")',
      /not used: line 1: threw while it was loaded: Error: not today/,
    ],
    ['has a syntax error', 'export default (', /not used: .*syntax error/],
    [
      'exports no function',
      'export default { order: 1 }',
      /exports an object by default, where a function was expected/,
    ],
    ['ends while it is loaded', 'process.exit(1)', /ended its process with exit code 1 while it was loaded/],
  ]
  test.each(unusable)('that %s is reported, and priority takes over', async (_, source, said) => {
    await using rig = rigWithItems(source)
    const { stderr } = await runWith(rig, './policy.mjs')
    expect(stderr).toMatch(said)
    nothingWentWrong(rig)
  })
})

test.each(['fifo', 'round_robin', 'best_fit'])('%s works off everything', async policy => {
  await using rig = rigWithItems()
  await runWith(rig, policy)
  nothingWentWrong(rig)
})

test('a drain goes on with the policy of the run', async () => {
  await using rig = rigWithItems()
  await rig.odop(['run', '--name', 'r', '--policy', 'round_robin', '--', 'true'])
  expect((await rig.odop(['drain', 'r'])).code).toBe(0)
  const launches = rig.events('r').flatMap(event => (event.type === 'launch-started' ? [event] : []))
  expect(launches.map(({ mode, settings }) => `${mode} ${settings.policy}`)).toEqual([
    'run round_robin',
    'drain round_robin',
  ])
  nothingWentWrong(rig)
})

test('nothing is left of a policy that loops when odop is killed with -9', async () => {
  await using rig = rigWithItems(`
    import { writeFileSync } from 'node:fs'
    export default () => { writeFileSync('asked', ''); for (;;); }`)
  const run = rig.start([
    odop,
    'run',
    '--policy',
    'policy.mjs',
    '--',
    'sh',
    '-c',
    'until [ -e end ]; do sleep 0.1; done',
  ])
  await until('the policy is asked', () => rig.list('.').includes('asked'))
  process.kill(run.pid, 'SIGKILL')
  rig.write('end', '')
  await run.finished
  await until('nothing is left', () => rig.processes().length === 0)
})

test('a policy that there is not is an error before the launch', async () => {
  await using rig = rigWithItems()
  const { code, stderr } = await rig.odop(['run', '--policy', 'fifi', '--', 'touch', 'ran'])
  expect(code).toBe(2)
  expect(stderr).toContain("did you mean 'fifo'?")
  expect(rig.list('.')).not.toContain('ran')
})

test('a configuration of the Python ODOP is used, and told of in one line by run, check and doctor', async () => {
  await using rig = rigWithItems()
  rig.write('odop_conf.yaml', 'runtime:\n  frequency: 1\n  algorithm: fifo\n  run_name: r\n  colour: red\n')
  const run = await rig.odop(['run', '--drain', '--', 'true'])
  const told =
    /odop_conf\.yaml: read as a configuration of the Python ODOP: .*algorithm → policy.*frequency \(odop adapts/
  expect(run.code).toBe(0)
  expect(run.stderr).toMatch(told)
  expect(run.stderr).toContain('unknown key `colour`, which is left out')
  nothingWentWrong(rig)
  const quiet = await rig.odop(['run', '--quiet', '--', 'true'])
  expect(quiet.stderr).toBe('')
  const check = await rig.odop(['tasks', 'check'])
  expect({ code: check.code, told: told.test(check.stderr) }).toEqual({ code: 0, told: true })
  const doctor = await rig.odop(['doctor'])
  expect(doctor.stdout.toString()).toMatch(told)
})
