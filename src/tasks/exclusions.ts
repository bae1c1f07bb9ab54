import type { KeyProblem } from '../validation/schema.ts'
import { mpiNeeds } from './mpi-needs.ts'
import type { Task } from './task.ts'
import type { Given } from './validate.ts'

/** Parameters that are right by themselves but not together; those of ranks are in `mpi-needs.ts`. */
export function exclusions(task: Pick<Task, 'run'>, given: Given): KeyProblem[] {
  return [replicasAndRuns, replicasAndAll, eachNodeAndNodes, formatAlone, formatOfFunction].flatMap(
    rule => rule(given, task) ?? [],
  )
}

type Rule = (given: Given, task: Pick<Task, 'run'>) => KeyProblem | null

const replicasAndRuns: Rule = ({ replicas, maxRuns }) => {
  if (replicas === undefined || maxRuns === undefined || replicas <= maxRuns) return null
  const message = `expected at most maxRuns, which is ${maxRuns}, found ${replicas}: there are never more work items`
  return { key: 'replicas', message, fix: 'raise maxRuns, or leave replicas out' }
}

const replicasAndAll: Rule = given => {
  if ((given.replicas ?? 1) === 1) return null
  const word = given.ranks === 'all' ? "ranks: 'all'" : given.nodes === 'all' ? "nodes: 'all'" : null
  if (word === null) return null
  const message = `\`replicas\` and \`${word}\` exclude each other: one attempt is on every node`
  return { key: 'replicas', message, fix: 'leave replicas out' }
}

const eachNodeAndNodes: Rule = given => {
  const { trigger } = given
  const onEach = trigger !== undefined && 'on' in trigger && trigger.on === 'each-node'
  const nodes = mpiNeeds(given)?.mpi.nodes ?? 1
  if (!onEach || nodes === 1) return null
  const message =
    "`on: 'each-node'` and ranks on several nodes exclude each other: its files are on one node only"
  return {
    key: 'trigger.on',
    message,
    fix: 'ask for ranks of one node, or watch a folder that all nodes share',
  }
}

const formatAlone: Rule = ({ parameters, parameterFormat }) => {
  if (parameterFormat === undefined || parameters !== undefined) return null
  const message = '`parameterFormat` says how `parameters` become arguments, and there are none'
  return { key: 'parameterFormat', message, fix: 'add parameters, or remove it' }
}

const formatOfFunction: Rule = ({ parameters, parameterFormat }, { run }) => {
  if (parameterFormat === undefined || parameters === undefined || run === null) return null
  const message =
    '`parameterFormat` is for programs; a function is given `parameters` as they are, in what it is called with'
  return { key: 'parameterFormat', message, fix: 'remove it' }
}
