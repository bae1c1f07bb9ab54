import type { MpiNeeds } from '../core/model.ts'
import type { KeyProblem } from '../validation/schema.ts'

/** The parameters that make a task an MPI task, as far as they are given. */
export interface GivenRanks {
  readonly cpus?: number | 'all' | 'any' | undefined
  readonly nodes?: number | 'all' | 'any' | undefined
  readonly ranks?: number | 'all' | undefined
  readonly ranksPerNode?: number | 'all' | undefined
  readonly cpusPerRank?: number | undefined
  readonly mpi?: string | undefined
  readonly gpus?: number | 'all' | undefined
}

/** null: the task is not an MPI task. `cpus`: cores on each node, or of each rank where these may have different numbers of ranks. */
export function mpiNeeds(
  given: GivenRanks,
): { readonly mpi: MpiNeeds; readonly cpus: number | 'all' } | null {
  if (namesOf(given).length === 0) return null
  const { cpusPerRank = 1, mpi: launch = null } = given
  const { nodes, ranks, perNode } = shapeOf(given)
  return {
    mpi: { nodes, ranks, cpusPerRank, launch },
    cpus: perNode === 'all' ? 'all' : cpusPerRank * (perNode ?? 1),
  }
}

interface Shape {
  /** null: as few as have room. */
  readonly nodes: MpiNeeds['nodes']
  /** 0: as many as the placement gives. */
  readonly ranks: number
  readonly perNode: number | 'all' | null
}

/** Any two say the third. */
function shapeOf({ nodes, ranks, ranksPerNode }: GivenRanks): Shape {
  if (ranks === 'all') return { nodes: 'all', ranks: 0, perNode: 'all' }
  if (typeof nodes === 'string' || ranksPerNode === 'all')
    return { nodes: nodes ?? 1, ranks: 0, perNode: ranksPerNode ?? 1 }
  if (ranks === undefined) {
    const perNode = ranksPerNode ?? 1
    return { nodes: nodes ?? 1, ranks: (nodes ?? 1) * perNode, perNode }
  }
  if (nodes !== undefined) return { nodes, ranks, perNode: ranks / nodes }
  if (ranksPerNode !== undefined) return { nodes: ranks / ranksPerNode, ranks, perNode: ranksPerNode }
  return { nodes: null, ranks, perNode: null }
}

export function mpiProblems(given: GivenRanks): KeyProblem[] {
  const [first] = namesOf(given)
  if (first === undefined) return given.mpi === undefined ? [] : [noRanks]
  const words = wordProblems(given)
  return [
    ...(given.cpus === undefined ? [] : [withCpus(first)]),
    ...(given.gpus === undefined || given.gpus === 0 ? [] : [withGpus(first)]),
    ...words,
    ...(words.length > 0 ? [] : countProblems(given)),
  ]
}

function namesOf(given: GivenRanks): string[] {
  return (['nodes', 'ranks', 'ranksPerNode', 'cpusPerRank'] as const).filter(
    name => given[name] !== undefined,
  )
}

const noRanks: KeyProblem = {
  key: 'mpi',
  message: '`mpi` says how ranks are started, and this task asks for none',
  fix: 'add nodes or ranks, or remove it',
}

function withCpus(other: string): KeyProblem {
  return {
    key: 'cpus',
    message: `\`cpus\` and \`${other}\` exclude each other: the cores of a task with ranks follow from its ranks`,
    fix: 'write cpusPerRank instead of cpus',
  }
}

/** Each node's tools count its GPUs for themselves, and all ranks get the same variables. */
function withGpus(other: string): KeyProblem {
  return {
    key: 'gpus',
    message: `\`gpus\` and \`${other}\` exclude each other: GPUs are given to attempts on one node, not to ranks`,
    fix: 'remove one of them',
  }
}

/** A word says how many ranks there are: nothing else can. */
function wordProblems({ nodes, ranks, ranksPerNode }: GivenRanks): KeyProblem[] {
  if (ranks === undefined) return []
  const exclude = (one: string, other: string, fix: string) => [
    { key: 'ranks', message: `\`${one}\` and \`${other}\` exclude each other`, fix },
  ]
  if (ranks === 'all') {
    const fix = 'ranks takes every core of every node then: leave the other out'
    if (nodes !== undefined) return exclude("ranks: 'all'", 'nodes', fix)
    return ranksPerNode === undefined ? [] : exclude("ranks: 'all'", 'ranksPerNode', fix)
  }
  if (typeof nodes === 'string')
    return exclude('ranks', `nodes: '${nodes}'`, 'write ranksPerNode instead of ranks')
  return ranksPerNode === 'all' ? exclude('ranks', "ranksPerNode: 'all'", 'leave one of them out') : []
}

function countProblems({ nodes, ranks, ranksPerNode }: GivenRanks): KeyProblem[] {
  if (typeof ranks !== 'number' || typeof nodes === 'string' || ranksPerNode === 'all') return []
  const problem = (expected: string, fix: string) => [
    { key: 'ranks', message: `expected ${expected}, found ${ranks}`, fix },
  ]
  if (nodes !== undefined && ranksPerNode !== undefined) {
    const product = nodes * ranksPerNode
    const expected = `nodes × ranksPerNode, which is ${nodes} × ${ranksPerNode} = ${product}`
    return ranks === product ? [] : problem(expected, 'leave one of the three out')
  }
  if (nodes !== undefined && ranks % nodes !== 0)
    return problem(`a multiple of nodes (${nodes}): each node gets as many`, 'leave nodes out')
  if (ranksPerNode !== undefined && ranks % ranksPerNode !== 0)
    return problem(`a multiple of ranksPerNode (${ranksPerNode})`, 'leave ranksPerNode out')
  return []
}
