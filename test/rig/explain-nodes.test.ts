import { readFileSync } from 'node:fs'
import os from 'node:os'
import { describe, expect, test } from 'vitest'
import { HOLD, live } from './explained.ts'
import { inPath, withNodes } from './other-nodes.ts'
import { createRig, until } from './rig.ts'

const cores = os.availableParallelism()
const OTHERS = ['n2', 'n3', 'n4', 'n5']

const TASKS = `
  export const hold = task({ trigger: fileIn('held', { on: 'each-node' }), cpus: ${cores}, priority: 2 }, ${HOLD})
  export const note = task({ trigger: fileIn('scratch', { on: 'each-node' }) }, () => {})
  export const ranked = task({ trigger: fileIn('in'), nodes: 2, ranksPerNode: 1, command: () => ['true'] })
  export const loose = task({ trigger: fileIn('in'), ranks: ${2 * cores}, cpusPerRank: 2, command: () => ['true'] })`

/** What the process calls its node. */
function nodeOf(pid: number): string | undefined {
  return /ODOP_NODE_NAME=([^\0]*)/.exec(readFileSync(`/proc/${pid}/environ`, 'latin1'))?.[1]
}

describe('odop explain, with several nodes', { timeout: 240_000 }, () => {
  test('no room on the node of its files, too few nodes for its ranks, and nodes that are lost or not there', async () => {
    const rig = createRig()
    const before = await live(TASKS, { rig, environment: withNodes(rig, OTHERS), files: ['held/a'] })
    await until(
      'all nodes are held',
      () => rig.events('r').filter(({ type }) => type === 'attempt-started').length === OTHERS.length + 1,
      60,
    )
    for (const file of ['scratch/a', 'in/a']) rig.write(file, 'x')
    const full = `needs 1 free core on a node; the most is 0 \\(of ${cores}: ${cores} held by attempts of hold\\)`
    await before.says('note', 'bound', new RegExp(`on n\\d, which has no room: ${full}`))
    await before.says('ranked', 'nodes', /needs 2 nodes with 1 free core each; 0 of 5 have them/)
    await before.says(
      'loose',
      'nodes',
      `needs ${2 * cores} ranks with 2 free cores each; there is room for 0`,
    )
    const lost = /are on (n\d), which has no room/.exec(await before.explained('note'))?.[1]
    const agent = rig
      .processes()
      .find(({ command, pid }) => /^\S*node \S*agent\.c?js $/.test(command) && nodeOf(pid) === lost)
    process.kill(agent?.pid ?? expect.fail('there is no such process'), 'SIGKILL')
    await before.says('note', 'silent', `its files are on ${lost}, which reports nothing at present`)
    await before.end()

    rig.remove('end')
    await using run = await live(TASKS, { rig })
    await run.says('note', 'elsewhere', /its files are on n\d, which has not joined this launch/)
    await run.says('note', 'more-nodes', 'and so on for 1 more node')
  })

  test('an allocation of which no node has joined yet', async () => {
    const rig = createRig()
    const job = { SLURM_JOB_ID: '4711', SLURM_JOB_NODELIST: 'n7', SLURM_JOB_NUM_NODES: '1' }
    const environment = { ...inPath(rig, 'srun', 'exec sleep 300'), ...job }
    await using run = await live(`export const any = task({ trigger: fileIn('in') }, () => {})`, {
      rig,
      environment,
      files: ['in/a'],
    })
    await run.says('any', 'no-node')
  })
})
