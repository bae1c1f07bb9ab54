import { describe, expect, it } from 'vitest'
import type { TaskProblem } from '../../src/tasks/loaded.ts'
import {
  configurationProblemText,
  problemCountText,
  problemsText,
  refusalText,
  shortPath,
} from '../../src/views/problems-text.ts'

const problem: TaskProblem = {
  file: '/work/sim/tasks/reduce.ts',
  line: 12,
  field: 'memory',
  message: 'expected a size such as 500M, got "lots"',
  fix: "write memory: '500M'",
}

describe('problemsText', () => {
  it('prints place, field, message and fix as compilers do', () => {
    expect(problemsText([problem], '/work/sim')).toBe(
      'tasks/reduce.ts:12: memory: expected a size such as 500M, got "lots"\n' +
        "  fix: write memory: '500M'\n",
    )
  })

  it('leaves out what is not known', () => {
    const bare = { ...problem, line: null, field: null, fix: null, message: 'no task in it' }
    expect(problemsText([bare], '/work/sim')).toBe('tasks/reduce.ts: no task in it\n')
  })

  it('keeps a message of several lines together, and shows what a terminal would obey', () => {
    const long = { ...problem, fix: null, message: 'expected }\n  cpus: 1\x07\n         ^' }
    expect(problemsText([long], '/work/sim')).toBe(
      'tasks/reduce.ts:12: memory: expected }\n    cpus: 1\\x07\n           ^\n',
    )
  })
})

describe('refusalText', () => {
  it('is one line without the file', () => {
    expect(refusalText({ ...problem, message: `${problem.message}\n  memory: 'lots'` })).toBe(
      `line 12: memory: ${problem.message}; fix: write memory: '500M'`,
    )
  })
})

describe('configurationProblemText', () => {
  const message = 'expected one of priority, fifo, got "best"'

  it('names the file and the key', () => {
    expect(
      configurationProblemText({ source: 'odop.config.ts', key: 'policy', message, fix: 'remove it' }),
    ).toBe(`odop.config.ts: policy: ${message}; fix: remove it`)
  })

  it('names a variable', () => {
    expect(configurationProblemText({ source: 'ODOP_POLICY', key: null, message, fix: null })).toBe(
      `ODOP_POLICY: ${message}`,
    )
  })
})

describe('shortPath', () => {
  it('is relative where that is shorter', () => expect(shortPath('/work/sim/a.ts', '/work/sim')).toBe('a.ts'))
  it('stays absolute where that is shorter', () =>
    expect(shortPath('/etc/a.ts', '/work/sim')).toBe('/etc/a.ts'))
  it('is never empty', () => expect(shortPath('/work/sim', '/work/sim')).toBe('/work/sim'))
})

it('problemCountText() counts files once', () => {
  expect(problemCountText([problem, { ...problem, line: 14 }])).toBe('2 problems in 1 file')
})
