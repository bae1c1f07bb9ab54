import { readFileSync } from 'node:fs'
import { exportedTasks } from '../exported-tasks.ts'
import type { TaskProblem } from '../loaded.ts'
import { importModule } from '../module.ts'
import { lineIn, lineOfKey } from '../source-lines.ts'
import { type Candidate, validateTask } from '../validate.ts'
import type { FoundTask } from './protocol.ts'

/** Loads a module: its tasks as data, and what is wrong with them. Rejects with whatever the module throws. */
export async function definedTasks(
  file: string,
  settleSeconds: number,
): Promise<{ readonly tasks: readonly FoundTask[]; readonly problems: readonly TaskProblem[] }> {
  const exported = await importModule(file)
  const candidates = exportedTasks(exported, file).map((task, index) => ({
    ...task,
    module: file,
    index,
    settleSeconds,
  }))
  if (candidates.length === 0) return { tasks: [], problems: [noTask(file, exported)] }
  const tasks: FoundTask[] = []
  const problems: TaskProblem[] = []
  for (const candidate of candidates) {
    const line = lineIn(candidate.task.place.stack ?? '', file)
    const result = validateTask(candidate)
    if ('definition' in result) tasks.push({ definition: result.definition, line })
    else problems.push(...located(candidate, line, result.problems))
  }
  return { tasks, problems }
}

function located(candidate: Candidate, line: number | null, problems: readonly KeyProblem[]): TaskProblem[] {
  const source = readFileSync(candidate.module, 'utf8')
  return problems.map(({ key, message, fix }) => {
    const written = key?.split('.').at(-1)
    const keyLine = line === null || written === undefined ? null : lineOfKey(source, written, line)
    return { file: candidate.module, line: keyLine ?? line, field: key, message, fix }
  })
}

type KeyProblem = Extract<ReturnType<typeof validateTask>, { problems: unknown }>['problems'][number]

function noTask(file: string, exported: object): TaskProblem {
  const names = Object.keys(exported)
  const found =
    names.length === 0 ? 'it exports nothing' : `its exports (${names.join(', ')}) are not made by task()`
  const message = `there is no task in it: ${found}`
  return {
    file,
    line: null,
    field: null,
    message,
    fix: 'write export default task({ … }, async context => { … })',
  }
}
