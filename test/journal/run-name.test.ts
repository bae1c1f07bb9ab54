import { expect, test } from 'vitest'
import { defaultRunName, runNameProblem } from '../../src/journal/run-name.ts'

const now = new Date(2026, 10, 22, 14, 30, 15).getTime()
const nameOf = (command: readonly string[], environment = {}) => defaultRunName({ command, environment, now })

test.each([
  [['./solver', '-n', '4'], 'solver-20261122-143015'],
  [['/opt/a b/my solver.exe'], 'my-solver-20261122-143015'],
  [['srun', '-n4', './heat'], 'heat-20261122-143015'],
  [['python3', '-u', 'run_model.py', 'x'], 'run_model-20261122-143015'],
  [['bash', '-c'], 'bash-20261122-143015'],
  [['…'], 'run-20261122-143015'],
  [[], 'run-20261122-143015'],
])('%j is named %s', (command, name) => {
  expect(nameOf(command)).toEqual({ name, resume: 'never' })
  expect(runNameProblem(name)).toBeNull()
})

test('in a Slurm job it is the job, and goes on only after Slurm has started the job again', () => {
  expect(nameOf(['a'], { SLURM_JOB_ID: '12' })).toEqual({ name: 'job-12', resume: 'never' })
  expect(nameOf(['a'], { SLURM_JOB_ID: '12', SLURM_RESTART_COUNT: '2' })).toEqual({
    name: 'job-12',
    resume: 2,
  })
  const array = { SLURM_JOB_ID: '14', SLURM_ARRAY_JOB_ID: '12', SLURM_ARRAY_TASK_ID: '3' }
  expect(nameOf(['a'], array)).toEqual({ name: 'job-12_3', resume: 'never' })
})

test.each(['', '.', '..', '-x', '.x', 'a/b', 'a b', 'a\nb', 'ä', 'x'.repeat(201)])(
  '%j is no name of a run',
  name => {
    expect(runNameProblem(name)).toContain('expected a run name')
  },
)

test.each(['a', '7', 'run_1', 'a.b-c'])('%s is a name of a run', name => {
  expect(runNameProblem(name)).toBeNull()
})
