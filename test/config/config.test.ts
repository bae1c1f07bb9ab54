import { chmodSync, existsSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { type ConfigurationSources, loadConfiguration, parseFlags, settingsOf } from '../../src/config.ts'
import { temporaryFolder } from '../tasks/task-folder.ts'

function load(cwd: string, sources: Partial<ConfigurationSources> = {}) {
  return loadConfiguration({ cwd, environment: { HOME: cwd }, flags: {}, file: null, ...sources })
}

describe('defaults', () => {
  it('hold without a file, variables and flags', async () => {
    const cwd = temporaryFolder()
    expect(await load(cwd)).toEqual({
      problems: [],
      notes: [],
      configuration: {
        name: null,
        tasks: [path.join(cwd, 'tasks')],
        tasksAreNamed: false,
        policy: 'priority',
        dashboard: false,
        drain: null,
        maxCpus: null,
        excludeCpus: [],
        hosts: [],
        hostFile: null,
        reserveCores: 0,
        idleThreshold: 0.1,
        memoryReserve: { share: 0.1 },
        maxSlowdown: null,
        progress: null,
        noTasks: false,
        quiet: false,
        noReport: false,
        summary: null,
        retries: 3,
        retryDelaySeconds: 60,
        graceSeconds: 5,
        maxIoBound: 1,
        maxNetworkBound: 1,
        settleSeconds: 2,
        api: null,
        odopPath: path.join(cwd, '.odop'),
        file: null,
      },
    })
  })

  it('become the settings of the core', async () => {
    const { configuration } = await load(temporaryFolder())
    expect(settingsOf(configuration, 1000)).toEqual({
      policy: 'priority',
      maxCpus: null,
      idleThreshold: 0.1,
      memoryReserveBytes: 100,
      retries: 3,
      retryDelaySeconds: 60,
      graceSeconds: 5,
      maxIoBound: 1,
      maxNetworkBound: 1,
      maxSlowdown: null,
    })
    expect(settingsOf({ ...configuration, memoryReserve: { bytes: 7 } }, 1000).memoryReserveBytes).toBe(7)
  })
})

describe('where HTTP is answered', () => {
  const given = (api: string) => parseFlags({ api })

  it.each([
    ['9464', { host: '127.0.0.1', port: 9464 }],
    ['0', { host: '127.0.0.1', port: 0 }],
    ['localhost:80', { host: 'localhost', port: 80 }],
    ['0.0.0.0:9464', { host: '0.0.0.0', port: 9464 }],
    ['[::1]:9464', { host: '::1', port: 9464 }],
  ])('is understood: %s', (text, api) => {
    expect(given(text)).toEqual({ flags: { api }, problems: [] })
  })

  it.each(['', 'node1', ':9464', '65536', '::1:9464', 'a b:1', 'host:', 'true'])('is refused: %j', text => {
    expect(given(text).problems).toEqual([expect.stringMatching(/^--api: expected a port such as 9464/)])
  })
})

describe('a configuration file', () => {
  const files: Record<string, string> = {
    'odop.config.ts': `import { defineConfig } from 'odop'\nconst n: number = 7\nexport default defineConfig({ maxCpus: n })`,
    'odop.config.js': `import { defineConfig } from 'odop'\nexport default defineConfig({ maxCpus: 7 })`,
    'odop.config.mjs': `export default { maxCpus: await Promise.resolve(7) }`,
    '.odoprc': 'maxCpus: 7',
    '.odoprc.json': '{ "maxCpus": 7 }',
    '.odoprc.yaml': 'maxCpus: 7',
    '.odoprc.yml': 'maxCpus: 7',
    'odop_conf.yaml': 'maxCpus: 7',
    'package.json': '{ "name": "x", "odop": { "maxCpus": 7 } }',
  }
  for (const [name, content] of Object.entries(files)) {
    it(`is found: ${name}`, async () => {
      const cwd = temporaryFolder({ [name]: content })
      expect(await load(cwd)).toMatchObject({
        problems: [],
        configuration: { maxCpus: 7, file: path.join(cwd, name) },
      })
    })
  }

  it('is the nearest one upwards, but not above the home folder', async () => {
    const top = temporaryFolder({
      '.odoprc': 'maxCpus: 1',
      'home/.odoprc': 'maxCpus: 2\ntasks: [mine]\nsummary: s.json\nodopPath: ~/o',
      'home/a/b/package.json': '{ "name": "torn',
    })
    const home = path.join(top, 'home')
    const { configuration, problems } = await load(path.join(home, 'a', 'b'), { environment: { HOME: home } })
    expect(problems).toEqual([])
    expect(configuration).toMatchObject({
      maxCpus: 2,
      tasks: [path.join(home, 'mine')],
      tasksAreNamed: true,
      summary: path.join(home, 's.json'),
      odopPath: path.join(home, 'o'),
    })
    const none = await load(path.join(home, 'a'), { environment: { HOME: path.join(home, 'a') } })
    expect(none.configuration.file).toBe(null)
  })

  it('can be named, by flag or variable', async () => {
    const cwd = temporaryFolder({ 'x.json': '{ "retries": 1 }', 'y.cjs': 'module.exports = { retries: 2 }' })
    expect((await load(cwd, { file: 'x.json' })).configuration.retries).toBe(1)
    const environment = { ODOP_CONFIG: 'y.cjs' }
    expect((await load(cwd, { environment })).configuration.retries).toBe(2)
    const missing = await load(cwd, { file: 'z.json' })
    expect(missing.problems).toMatchObject([
      { source: path.join(cwd, 'z.json'), message: 'there is no such file' },
    ])
    expect((await load(cwd, { file: '.' })).problems).toHaveLength(1)
  })
})

describe('an invalid configuration is reported, and what else was set still holds', () => {
  const flags = { retries: 9 }
  const environment = { ODOP_MAX_CPUS: '5' }

  it('with the path of the key, what was expected and what was found', async () => {
    const cwd = temporaryFolder({
      '.odoprc':
        'maxCpu: 3\nretryDelay: soon\nreserveCores: -1\ndrain: maybe\nexcludeCpus: 3-1\nmemoryReserve: 120%\nname: a/b',
    })
    const { configuration, problems } = await load(cwd, { flags, environment })
    expect(configuration).toMatchObject({ retries: 9, maxCpus: 5, reserveCores: 0 })
    const byKey = Object.fromEntries(problems.map(({ key, message, fix }) => [key, `${message} | ${fix}`]))
    expect(problems.every(({ source }) => source === path.join(cwd, '.odoprc'))).toBe(true)
    expect(byKey).toEqual({
      maxCpu: 'unknown key `maxCpu` | did you mean `maxCpus`?',
      retryDelay: "expected a duration such as '90s', '10m' or '2h', found 'soon' | null",
      reserveCores: 'expected a whole number, at least 0, found -1 | null',
      drain: "expected true, false or a duration such as '10m', found 'maybe' | null",
      excludeCpus: "expected core numbers such as '0-3,7', found '3-1' | null",
      memoryReserve: "expected a size such as '2G' or a share such as '10%', found '120%' | null",
      name: expect.stringMatching(/^expected a name .* found 'a\/b'/),
    })
  })

  const torn: Record<string, [string, RegExp]> = {
    'odop.config.ts': ['export default {,', /^line 1: syntax error: /],
    'odop.config.mjs': [`throw new Error('no')`, /^line 1: threw while it was loaded: Error: no$/],
    'odop.config.js': ['process.exit(3)', /called process\.exit\(3\)/],
    '.odoprc': ['a: [', /flow|unexpected|end/],
    '.odoprc.json': ['{ "maxCpus": ', /JSON/],
    '.odoprc.yaml': ['[1, 2]', /expected an object with parameters, found an array of 2/],
    'package.json': ['{ "odop": ', /JSON/],
  }
  for (const [name, [content, message]] of Object.entries(torn)) {
    it(`torn: ${name}`, async () => {
      const cwd = temporaryFolder({ [name]: content })
      const { configuration, problems } = await load(cwd, { flags, environment })
      expect(configuration).toMatchObject({ retries: 9, maxCpus: 5 })
      expect(problems).toMatchObject([{ source: path.join(cwd, name), key: null }])
      expect(problems[0]?.message).toMatch(message)
    })
  }

  it('a value that JSON has no word for', async () => {
    const cwd = temporaryFolder({ 'odop.config.mjs': 'export default { name: () => 1, retries: undefined }' })
    expect((await load(cwd)).problems).toMatchObject([{ key: 'name' }])
  })

  it('a module that others can write: it is not executed', async () => {
    const cwd = temporaryFolder({
      'odop.config.mjs': `import { writeFileSync } from 'node:fs'\nwriteFileSync('ran', '')`,
    })
    chmodSync(path.join(cwd, 'odop.config.mjs'), 0o666)
    expect((await load(cwd)).problems).toMatchObject([
      { message: 'others can write it: it would run their code' },
    ])
    expect(existsSync(path.join(cwd, 'ran'))).toBe(false)
  })

  it('a variable with a wrong value', async () => {
    const cwd = temporaryFolder({ '.odoprc': 'retries: 4' })
    const { configuration, problems } = await load(cwd, { environment: { HOME: cwd, ODOP_RETRIES: 'many' } })
    expect(configuration.retries).toBe(4)
    const message = "expected a whole number, at least 0, found 'many'"
    expect(problems).toEqual([{ source: 'ODOP_RETRIES', key: 'retries', message, fix: null }])
  })
})

describe('what beats what', () => {
  it('flags beat variables, which beat the file, which beats defaults', async () => {
    const cwd = temporaryFolder({ '.odoprc': 'retries: 1\nmaxCpus: 1\ngrace: 1\n', 'a/.keep': '' })
    const environment = {
      HOME: cwd,
      ODOP_RETRIES: '2',
      ODOP_MAX_CPUS: '2',
      ODOP_TASKS: 'x:y',
      ODOP_DRAIN: '',
      ODOP_QUIET: '1',
    }
    const { configuration, problems } = await load(path.join(cwd, 'a'), {
      environment,
      flags: { retries: 3 },
    })
    expect(problems).toEqual([])
    expect(configuration).toMatchObject({
      retries: 3,
      maxCpus: 2,
      graceSeconds: 1,
      settleSeconds: 2,
      quiet: true,
      drain: null,
      tasks: [path.join(cwd, 'a', 'x'), path.join(cwd, 'a', 'y')],
    })
  })

  it('every variable', async () => {
    const cwd = temporaryFolder()
    const environment = {
      HOME: cwd,
      ODOP_NAME: 'n',
      ODOP_POLICY: 'round_robin',
      ODOP_DRAIN: '10m',
      ODOP_EXCLUDE_CPUS: '0-2,5',
      ODOP_RESERVE_CORES: '1',
      ODOP_IDLE_THRESHOLD: '20',
      ODOP_MEMORY_RESERVE: '2G',
      ODOP_NO_TASKS: 'true',
      ODOP_SUMMARY: '/s.json',
      ODOP_RETRY_DELAY: '1m',
      ODOP_GRACE: '7',
      ODOP_SETTLE: '500ms',
      ODOP_PATH: '/scratch/odop',
      ODOP_MAX_IO_BOUND: '2',
      ODOP_MAX_NETWORK_BOUND: '3',
      ODOP_SOMETHING_ELSE: 'ignored',
    }
    expect(await load(cwd, { environment })).toMatchObject({
      problems: [],
      configuration: {
        name: 'n',
        policy: 'round_robin',
        drain: { limitSeconds: 600 },
        excludeCpus: [0, 1, 2, 5],
        reserveCores: 1,
        idleThreshold: 0.2,
        memoryReserve: { bytes: 2 * 1024 ** 3 },
        noTasks: true,
        summary: '/s.json',
        retryDelaySeconds: 60,
        graceSeconds: 7,
        maxIoBound: 2,
        maxNetworkBound: 3,
        settleSeconds: 0.5,
        odopPath: '/scratch/odop',
      },
    })
  })
})

describe('what the application may lose', () => {
  it.each(['3%', '3', '3 %'])('%s is a share', async text => {
    const { configuration } = await load(temporaryFolder(), { environment: { ODOP_MAX_SLOWDOWN: text } })
    expect(configuration.maxSlowdown).toBe(0.03)
    expect(settingsOf(configuration, 1000).maxSlowdown).toBe(0.03)
  })

  it('a policy of the user’s own is a module, relative to where it is named', async () => {
    const cwd = temporaryFolder({ '.odoprc': 'policy: ./mine.mjs', 'a/.keep': '' })
    const policy = async (environment: Record<string, string>) =>
      (await load(path.join(cwd, 'a'), { environment: { HOME: cwd, ...environment } })).configuration.policy
    expect(await policy({})).toBe(path.join(cwd, 'mine.mjs'))
    expect(await policy({ ODOP_POLICY: 'other.ts' })).toBe(path.join(cwd, 'a', 'other.ts'))
    expect(await policy({ ODOP_POLICY: 'fifo' })).toBe('fifo')
  })

  it('a glob of files is relative to where it stands', async () => {
    const cwd = temporaryFolder({ '.odoprc': 'progress: "out/*.h5"', 'a/.keep': '' })
    const { configuration } = await load(path.join(cwd, 'a'), { environment: { HOME: cwd } })
    expect(configuration.progress).toBe(path.join(cwd, 'out/*.h5'))
  })
})

describe('flags', () => {
  it('are read as text', () => {
    const given = {
      name: 'n',
      tasks: ['a', 'b:c'],
      drain: '',
      'max-cpus': '4',
      'max-io-bound': '2',
      'exclude-cpus': '1,0',
      'idle-threshold': '15%',
      'memory-reserve': '5%',
      'no-tasks': true,
      summary: 's.json',
      config: 'x',
      _: [],
      $0: 'odop',
    }
    expect(parseFlags(given)).toEqual({
      problems: [],
      flags: {
        name: 'n',
        tasks: ['a', 'b:c'],
        drain: { limitSeconds: null },
        maxCpus: 4,
        maxIoBound: 2,
        excludeCpus: [0, 1],
        idleThreshold: 0.15,
        memoryReserve: { share: 0.05 },
        noTasks: true,
        summary: 's.json',
      },
    })
    expect(parseFlags({ drain: '90s' }).flags).toEqual({ drain: { limitSeconds: 90 } })
    expect(parseFlags({})).toEqual({ problems: [], flags: {} })
  })

  it('that are wrong are usage errors, which say what was expected and what it got', () => {
    const given = {
      'max-cpus': '0',
      'reserve-cores': 'some',
      drain: 'soon',
      'memory-reserve': '1X',
      'idle-threshold': '0',
      policy: 'best-fitt',
      'exclude-cpus': 'a-b',
      name: '../x',
    }
    expect(parseFlags(given).problems).toEqual([
      expect.stringMatching(/^--name: expected a name of .* found '\.\.\/x'/),
      "--policy: expected 'priority', 'fifo', 'round_robin', 'best_fit' or the path of a module such as './my-policy.ts', found 'best-fitt' (did you mean 'best_fit'?)",
      "--drain: expected true, false or a duration such as '10m', found 'soon'",
      '--max-cpus: expected a whole number, at least 1, found 0',
      "--exclude-cpus: expected core numbers such as '0-3,7', found 'a-b'",
      "--reserve-cores: expected a whole number, at least 0, found 'some'",
      '--idle-threshold: expected a percentage over 0 and up to 100, such as 10, found 0',
      "--memory-reserve: expected a size such as '2G' or a share such as '10%', found '1X'",
    ])
  })
})
