import type { TaskDefinition, TaskName } from '../core/model.ts'
import { closest } from '../validation/did-you-mean.ts'
import type { TaskProblem } from './loaded.ts'
import type { FoundTask } from './loader/protocol.ts'

/** What a task names another one for. */
interface Link {
  readonly to: TaskName
  readonly field: 'trigger' | 'dependsOn'
}

type Links = ReadonlyMap<TaskName, readonly Link[]>

export interface CheckedLinks {
  readonly tasks: readonly FoundTask[]
  readonly problems: readonly TaskProblem[]
}

/**
 * Leaves out tasks that name another one which is not there, and tasks that wait for each other in a circle: none of these
 * could ever start. What named one of them is left out, too.
 *
 * @param there tasks that the run has already
 */
export function withoutBrokenLinks(
  found: readonly FoundTask[],
  there: readonly TaskName[] = [],
): CheckedLinks {
  const known = [...there, ...found.map(({ definition }) => definition.name)]
  const problems: TaskProblem[] = []
  let tasks = found
  for (let before = -1; before !== tasks.length; ) {
    before = tasks.length
    // What is there already names none of these.
    const links: Links = new Map<TaskName, readonly Link[]>([
      ...there.map(name => [name, []] as const),
      ...tasks.map(({ definition }) => [definition.name, linksOf(definition)] as const),
    ])
    tasks = tasks.filter(task => {
      const problem = unknownName(task, links, known) ?? cycleProblem(task, links)
      if (problem !== null) problems.push(problem)
      return problem === null
    })
  }
  return { tasks, problems }
}

function linksOf({ trigger, dependsOn = null }: TaskDefinition): Link[] {
  return [
    ...(trigger.kind === 'after' ? [{ to: trigger.task, field: 'trigger' } as const] : []),
    ...(dependsOn?.tasks.map(to => ({ to, field: 'dependsOn' }) as const) ?? []),
  ]
}

function unknownName(task: FoundTask, links: Links, known: readonly TaskName[]): TaskProblem | null {
  const broken = links.get(task.definition.name)?.find(({ to }) => !links.has(to))
  if (broken === undefined) return null
  const { to, field } = broken
  if (known.includes(to))
    return problemOf(task, field, `the task '${to}' can't be used`, 'mend that one first')
  const meant = closest(to, known)
  const others = known.filter(name => name !== task.definition.name)
  const fix =
    meant !== null && meant !== task.definition.name
      ? `did you mean '${meant}'?`
      : others.length > 0
        ? `name one of: ${others.join(', ')}`
        : 'there is no other task'
  return problemOf(task, field, `there is no task '${to}', or it can't be used`, fix)
}

function cycleProblem(task: FoundTask, links: Links): TaskProblem | null {
  const cycle = cycleFrom(task.definition.name, links)
  const first = cycle?.[0]
  if (cycle === null || first === undefined) return null
  const way = cycle.map(({ to, field }) => ` ${field === 'trigger' ? 'comes after' : 'depends on'} ${to}`)
  const message = `these tasks wait for each other: ${task.definition.name}${way.join(', which')}`
  return problemOf(task, first.field, message, 'take one of these links out')
}

/** The shortest way from a task back to itself; null: there is none. */
function cycleFrom(start: TaskName, links: Links): readonly Link[] | null {
  const seen = new Set<TaskName>()
  let ways: Link[][] = (links.get(start) ?? []).map(link => [link])
  while (ways.length > 0) {
    const next: Link[][] = []
    for (const way of ways) {
      const { to } = way.at(-1) as Link
      if (to === start) return way
      if (seen.has(to)) continue
      seen.add(to)
      for (const link of links.get(to) ?? []) next.push([...way, link])
    }
    ways = next
  }
  return null
}

function problemOf(
  { definition, line }: FoundTask,
  field: Link['field'],
  message: string,
  fix: string,
): TaskProblem {
  return { file: definition.module, line, field, message: `${definition.name}: ${message}`, fix }
}
