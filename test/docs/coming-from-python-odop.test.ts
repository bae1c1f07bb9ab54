import { chmodSync, existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, test } from 'vitest'
import { parseCommandLine } from '../../src/cli/parse.ts'
import { loadConfiguration, parseFlags } from '../../src/config.ts'
import { load, temporaryFolder } from '../tasks/task-folder.ts'
import { compilerErrors } from './compiled.ts'
import { type Block, commandLines, isTheirs, type Section, sectionsOf } from './page.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const sections = sectionsOf(readFileSync(path.join(root, 'docs/coming-from-python-odop.md'), 'utf8'))

/** The capabilities of the Python ODOP, and what there is beyond them. */
const CAPABILITIES = [
  'Task parameters',
  'Short forms',
  'Triggers',
  'Tasks in loops and in the main program',
  'Start, stop, runtime',
  'Monitoring only',
  'Run folders and status',
  'Configuration',
  'Algorithms',
  'How attempts are treated',
  'Other nodes',
  'Programs with parameters',
  'Commands',
  'Information by HTTP',
  'Metrics and GPUs',
  'Simulated load',
  'What the specification promised',
  'Examples',
  'Any language',
  'Pipelines',
]

const compiled = new Map<Block, readonly string[]>()

beforeAll(() => {
  const blocks = sections.flatMap(section => section.blocks.filter(({ language }) => language === 'ts'))
  compilerErrors(blocks.map(({ code }) => code)).forEach((errors, at) => {
    const block = blocks[at]
    if (block !== undefined) compiled.set(block, errors)
  })
}, 120_000)

test('the page has a section for each capability', () => {
  expect(sections.map(({ title }) => title)).toEqual(CAPABILITIES)
})

describe.each(sections.map(section => [section.title, section] as const))('%s', (_, section) => {
  test('has their way, ours, and tests that show it', () => {
    expect(section.blocks.filter(isTheirs).length).toBeGreaterThan(0)
    expect(section.blocks.filter(block => !isTheirs(block)).length).toBeGreaterThan(0)
    expect(section.shownBy.length).toBeGreaterThan(0)
  })

  test('is as the page says', async () => {
    expect(await problemsOf(section)).toEqual([])
  })
})

test('what is wrong would be found', async () => {
  const block = (language: string, kind: string, code: string) => ({ language, kind, code })
  const wrong = {
    title: 'wrong',
    blocks: [
      block('ts', 'task', "import { task } from 'odop'\nexport default task({ memroy: '1G' }, () => {})\n"),
      block('sh', '', 'odop run --nmae x -- ./app\nodop run --max-cpus none -- ./app\n'),
      block('ts', 'config', 'export default { drian: true }\n'),
    ],
    shownBy: [
      { file: 'test/docs/none.test.ts', title: 'x' },
      { file: 'test/docs/page.ts', title: 'no such title' },
    ],
  }
  expect(await problemsOf(wrong)).toEqual([
    'test/docs/none.test.ts does not exist',
    'test/docs/page.ts has no test: no such title',
    expect.stringContaining('memroy'),
    expect.stringContaining('Unknown argument: nmae'),
    expect.stringContaining("--max-cpus: expected a whole number, at least 1, found 'none'"),
    expect.stringContaining('drian'),
  ])
  expect(
    compilerErrors([
      "import { tsak } from 'odop'\ntsak()",
      "import { task } from 'odop'\ntask({}, () => {})",
    ]),
  ).toEqual([[expect.stringContaining('tsak')], []])
}, 60_000)

async function problemsOf({ shownBy, blocks }: Section): Promise<string[]> {
  const problems = shownBy.flatMap(({ file, title }) => missingTest(file, title))
  for (const block of blocks) {
    if (isTheirs(block)) continue
    problems.push(...(compiled.get(block) ?? []))
    if (block.kind === 'task') problems.push(...(await taskProblems(block)))
    if (block.kind === 'config') problems.push(...(await configurationProblems(block)))
    for (const words of commandLines(block)) problems.push(...(await commandProblems(words)))
  }
  return problems
}

function missingTest(file: string, title: string): string[] {
  const whole = path.join(root, file)
  if (!existsSync(whole)) return [`${file} does not exist`]
  const source = readFileSync(whole, 'utf8')
  return ["'", '"', '`'].some(quote => source.includes(`${quote}${title}`))
    ? []
    : [`${file} has no test: ${title}`]
}

/** By the loader that `odop run` uses; it gives at least one task. */
async function taskProblems({ language, code }: Block): Promise<string[]> {
  const file = language === 'ts' ? 'tasks/block.mts' : 'tasks/block'
  const folder = temporaryFolder({ [file]: code })
  if (language !== 'ts') chmodSync(path.join(folder, file), 0o755)
  const { tasks, problems } = await load(folder)
  if (tasks.length === 0 && problems.length === 0) return ['there is no task in it']
  return problems.map(({ message }) => message)
}

async function configurationProblems({ code }: Block): Promise<string[]> {
  const folder = temporaryFolder({ 'odop.config.ts': code, 'package.json': '{"type":"module"}' })
  const sources = { cwd: folder, environment: { HOME: folder }, flags: {}, file: null }
  const { problems } = await loadConfiguration(sources)
  return problems.map(({ key, message }) => `${key}: ${message}`)
}

async function commandProblems(words: readonly string[]): Promise<string[]> {
  const problems: string[] = []
  const usageError = await parseCommandLine(words, async (command, given, { application }) => {
    const isRun = /^(run|monitor)\b/.test(command.usage)
    if (isRun) problems.push(...parseFlags(given).problems)
    if (isRun && application === null) problems.push('no application')
  })
  const said = usageError === null ? problems : [usageError, ...problems]
  return said.map(problem => `odop ${words.join(' ')}: ${problem}`)
}
