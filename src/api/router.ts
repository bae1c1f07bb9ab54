import type { RunPaths } from '../journal/run-paths.ts'
import { closest } from '../validation/did-you-mean.ts'
import { ITEM_STATES } from '../views/item-detail.ts'
import { type Answer, problemAnswer } from './answer.ts'
import { type Asked, type Parameter, type Resource, resources } from './resources.ts'
import type { RunReader } from './run-reader.ts'
import type { Question } from './server.ts'

/** What requests are answered from. */
export interface Answering {
  /** Of the run. */
  readonly name: string
  readonly run: RunReader
  readonly paths: RunPaths
}

/** Finds what is asked for, and holds its parameters against the table. */
export async function answerQuestion(question: Question, answering: Answering): Promise<Answer> {
  const { path, body } = question
  // HEAD is GET without the body, which Node leaves out.
  const method = question.method === 'HEAD' ? 'GET' : question.method
  const there = resources.filter(each => pathValue(each.path, path) !== null)
  const found = there.find(each => each.method === method)
  if (there.length === 0) return problemAnswer(404, notThere(path))
  if (found === undefined) {
    const allowed = there.map(each => (each.method === 'GET' ? 'GET, HEAD' : each.method)).join(', ')
    return problemAnswer(405, `expected ${allowed}, found ${method}`, { Allow: allowed })
  }
  const read = readParameters(found, question)
  return 'problem' in read
    ? problemAnswer(400, read.problem)
    : found.handle({ ...answering, ...read.values, body })
}

/** What stands at the place of the parameter, '' where there is none; null: this is another path. */
function pathValue(template: string, path: string): string | null {
  const at = template.indexOf('{')
  if (at === -1) return template === path ? '' : null
  if (!path.startsWith(template.slice(0, at)) || path.length === at) return null
  try {
    return decodeURIComponent(path.slice(at))
  } catch {
    return null
  }
}

function notThere(path: string): string {
  const known = resources.map(each => each.path)
  const meant = closest(path, known)
  return meant === null ? `there is ${known.join(', ')}` : `did you mean ${meant}?`
}

type Values = Pick<Asked, 'texts' | 'numbers'>

function readParameters(
  { path: template, parameters }: Resource,
  { path, query }: Question,
): { readonly values: Values } | { readonly problem: string } {
  const names = parameters.filter(each => each.in === 'query').map(each => each.name)
  const unknown = [...query.keys()].find(name => !names.includes(name))
  if (unknown !== undefined) {
    const known = names.length === 0 ? 'there are none here' : `known are ${names.join(', ')}`
    return { problem: `unknown parameter ${JSON.stringify(unknown)}; ${known}` }
  }
  const texts: Record<string, string> = {}
  const numbers: Record<string, number> = {}
  for (const parameter of parameters) {
    const raw = parameter.in === 'path' ? pathValue(template, path) : query.get(parameter.name)
    if (raw === null) continue
    const problem = parameterProblem(parameter, raw)
    if (problem !== null) return { problem }
    if (parameter.kind === 'number') numbers[parameter.name] = Number(raw)
    else texts[parameter.name] = raw
  }
  return { values: { texts, numbers } }
}

function parameterProblem({ name, kind, most }: Parameter, raw: string): string | null {
  const found = `found ${JSON.stringify(raw.slice(0, 60))}`
  if (kind === 'state' && !ITEM_STATES.some(state => state === raw)) {
    return `${name}: expected one of ${ITEM_STATES.join(', ')}; ${found}`
  }
  if (kind !== 'number') return null
  const least = most === undefined ? 0 : 1
  const number = /^\d+$/.test(raw) ? Number(raw) : Number.NaN
  const usable =
    Number.isSafeInteger(number) && number >= least && number <= (most ?? Number.MAX_SAFE_INTEGER)
  const range = most === undefined ? 'a whole number, 0 or more' : `a whole number from ${least} to ${most}`
  return usable ? null : `${name}: expected ${range}; ${found}`
}
