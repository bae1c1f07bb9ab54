import { chmodSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { POLICIES } from '../../src/config/values.ts'
import type { PolicyPlacement, PolicyQuestion } from '../../src/core/policies/question.ts'
import { startPolicyProcess } from '../../src/policy/policy-process.ts'
import { temporaryFolder } from '../tasks/task-folder.ts'

const page = readFileSync(new URL('../../docs/policies.md', import.meta.url), 'utf8')
const examples = [...page.matchAll(/```ts\n\/\/ ([\w-]+\.ts).*?\n(.*?)```/gs)].map(
  ([, name = '', source = '']) => [name, source] as const,
)

const item = { task: 'a', priority: 0, cpus: 1, ranks: null, memoryBytes: null, timeSeconds: null } as const
const rest = { ioBound: false, networkBound: false, attempts: 0, failures: 0, files: [], node: null }
const QUESTION: PolicyQuestion = {
  items: [1, 2, 3].map(n => ({ id: `a#${n}`, queuedAt: n, ...item, ...rest })),
  nodes: [
    { name: 'n1', freeCores: [0, 1], mostCores: 2, cores: 2, memoryBytes: 1e9 },
    { name: 'n2', freeCores: [2, 5], mostCores: 2, cores: 4, memoryBytes: 1e9 },
  ],
  tasks: [{ name: 'a', pending: 3, running: 0, lastStartedAt: null }],
  now: 9,
}

const ANSWERS: Readonly<Record<string, readonly PolicyPlacement[]>> = {
  'newest-first.ts': [{ item: 'a#3' }, { item: 'a#2' }, { item: 'a#1' }],
  'spread.ts': [
    { item: 'a#1', node: 'n1', cores: [1] },
    { item: 'a#2', node: 'n2', cores: [5] },
  ],
}

/** What a policy in a process of its own answers; rejects with what is wrong. */
function answerOf(source: string, name: string, mode = 0o644): Promise<readonly PolicyPlacement[]> {
  const cwd = temporaryFolder({ [name]: source })
  chmodSync(path.join(cwd, name), mode)
  return new Promise((resolve, reject) => {
    const policy = startPolicyProcess({
      file: path.join(cwd, name),
      cwd,
      onStarted() {},
      onReady: () => policy.ask(QUESTION),
      onAnswer(placements) {
        policy.close()
        resolve(placements)
      },
      onFailure: text => reject(new Error(text)),
    })
  })
}

test('the page has the examples that are tried here', () => {
  expect(examples.map(([name]) => name).sort()).toEqual(Object.keys(ANSWERS).sort())
})

test.each(examples)('the example %s works', async (name, source) => {
  expect(await answerOf(source, name)).toEqual(ANSWERS[name])
})

test.each([
  [
    'CommonJS',
    'order.cjs',
    'module.exports = ({ items }) => items.slice(0, 1).map(({ id }) => ({ item: id }))',
  ],
  [
    'TypeScript as CommonJS',
    'order.cts',
    'export default ({ items }: { items: { id: string }[] }) => [{ item: items[0]?.id }]',
  ],
])('a policy may be a module of %s', async (_, name, source) => {
  expect(await answerOf(source, name)).toEqual([{ item: 'a#1' }])
})

test('one that others can write is not executed', async () => {
  const source = 'throw new Error("it was executed")'
  await expect(answerOf(source, 'open.mjs', 0o666)).rejects.toThrow(/others can write it/)
})

test('the page tells of every policy, and of all that one of the user’s own is given', () => {
  for (const policy of POLICIES) expect(page).toContain(`\n| \`${policy}\``)
  const fields = [QUESTION, ...QUESTION.items, ...QUESTION.nodes, ...QUESTION.tasks].flatMap(Object.keys)
  for (const field of new Set(fields)) expect(page).toContain(`\`${field}\``)
})
