import { describe, expect, it } from 'vitest'
import type { TaskDefinition } from '../../src/core/model.ts'
import { withoutBrokenLinks } from '../../src/tasks/links.ts'
import { sampleTask } from '../sample-task.ts'
import { loadFiles } from './task-folder.ts'

type Links = { readonly after?: string; readonly dependsOn?: readonly string[] }

function check(tasks: Readonly<Record<string, Links>>) {
  const found = Object.entries(tasks).map(([name, { after, dependsOn }]) => {
    const trigger: Partial<TaskDefinition> =
      after === undefined ? {} : { trigger: { kind: 'after', task: after } }
    const dependency = dependsOn === undefined ? {} : { dependsOn: { of: 'all', tasks: dependsOn } as const }
    return { definition: sampleTask({ name, ...trigger, ...dependency }), line: 1 }
  })
  const { tasks: left, problems } = withoutBrokenLinks(found)
  return {
    left: left.map(({ definition }) => definition.name),
    problems: problems.map(({ field, message, fix }) => `${field}: ${message} (${fix})`),
  }
}

describe('tasks that name others', () => {
  it('are taken where the others are there, in whatever order', () => {
    const tasks = {
      d: { after: 'c', dependsOn: ['a', 'b'] },
      c: { dependsOn: ['a'] },
      b: { after: 'a' },
      a: {},
    }
    expect(check(tasks)).toEqual({ left: ['d', 'c', 'b', 'a'], problems: [] })
  })

  it('are refused where there is no such task', () => {
    expect(check({ reduce: {}, plot: { after: 'redcue' } })).toEqual({
      left: ['reduce'],
      problems: ["trigger: plot: there is no task 'redcue', or it can't be used (did you mean 'reduce'?)"],
    })
    expect(check({ reduce: {}, plot: { dependsOn: ['reduce', 'x'] } }).problems).toEqual([
      "dependsOn: plot: there is no task 'x', or it can't be used (name one of: reduce)",
    ])
    expect(check({ plot: { after: 'x' } }).problems).toEqual([
      "trigger: plot: there is no task 'x', or it can't be used (there is no other task)",
    ])
  })

  it('are refused where the other is refused for that', () => {
    expect(check({ a: {}, b: { after: 'x' }, c: { after: 'b' }, d: { dependsOn: ['c', 'a'] } })).toEqual({
      left: ['a'],
      problems: [
        "trigger: b: there is no task 'x', or it can't be used (name one of: a, c, d)",
        "trigger: c: the task 'b' can't be used (mend that one first)",
        "dependsOn: d: the task 'c' can't be used (mend that one first)",
      ],
    })
  })

  const circle = 'take one of these links out'
  it.each<[string, Readonly<Record<string, Links>>, string[], string[]]>([
    [
      'itself, after',
      { a: { after: 'a' }, b: {} },
      ['b'],
      [`trigger: a: these tasks wait for each other: a comes after a (${circle})`],
    ],
    [
      'itself, dependsOn',
      { a: { dependsOn: ['a'] } },
      [],
      [`dependsOn: a: these tasks wait for each other: a depends on a (${circle})`],
    ],
    [
      'two',
      { a: { after: 'b' }, b: { after: 'a' } },
      [],
      [
        `trigger: a: these tasks wait for each other: a comes after b, which comes after a (${circle})`,
        `trigger: b: these tasks wait for each other: b comes after a, which comes after b (${circle})`,
      ],
    ],
    [
      'after and dependsOn mixed, and who names one of them',
      {
        start: {},
        a: { dependsOn: ['c', 'start'] },
        b: { after: 'a' },
        c: { after: 'b' },
        d: { after: 'c' },
      },
      ['start'],
      [
        `dependsOn: a: these tasks wait for each other: a depends on c, which comes after b, which comes after a (${circle})`,
        `trigger: b: these tasks wait for each other: b comes after a, which depends on c, which comes after b (${circle})`,
        `trigger: c: these tasks wait for each other: c comes after b, which comes after a, which depends on c (${circle})`,
        "trigger: d: the task 'c' can't be used (mend that one first)",
      ],
    ],
  ])('are refused in a circle: %s', (_, tasks, left, problems) => {
    expect(check(tasks)).toEqual({ left, problems })
  })

  it('may name what the run has already, when they are added to it', () => {
    const found = [
      { definition: sampleTask({ name: 'plot', trigger: { kind: 'after', task: 'reduce' } }), line: 1 },
      { definition: sampleTask({ name: 'film', dependsOn: { of: 'any', tasks: ['plot', 'x'] } }), line: 2 },
    ]
    const { tasks, problems } = withoutBrokenLinks(found, ['reduce'])
    expect(tasks.map(({ definition }) => definition.name)).toEqual(['plot'])
    expect(problems).toMatchObject([{ line: 2, message: expect.stringMatching("no task 'x'") }])
  })

  it('say where they are, when they are loaded', async () => {
    const { tasks, problems } = await loadFiles({
      'a.mjs': `import { after, fileIn, task } from 'odop'
export const reduce = task({ trigger: fileIn('data') }, () => 1)
export const plot = task(
  { trigger: after('reduce'), dependsOn: { any: ['reduce', 'plots'] } },
  () => {},
)`,
    })
    expect(tasks.map(({ name }) => name)).toEqual(['reduce'])
    expect(problems).toMatchObject([
      { line: 3, field: 'dependsOn', message: expect.stringMatching("no task 'plots'") },
    ])
  })
})
