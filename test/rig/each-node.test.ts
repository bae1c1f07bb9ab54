import { existsSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { expect, test } from 'vitest'
import { withNodes } from './other-nodes.ts'
import { createRig, type Rig, until } from './rig.ts'

const noted = (rig: Rig) =>
  existsSync(path.join(rig.folder, 'noted')) ? rig.read('noted').trim().split('\n').sort() : []

/** An application that runs until the test says so. */
const running = (done: string) => ['sh', '-c', `until [ -e ${done} ]; do sleep 0.05; done`]

test.each([
  ['its agent', /^\S*node \S*agent\.c?js $/],
  ['the way to it', /^sh -c .*agent\.c?js/],
])(
  'each node works on its own files, and those of a node wait for it when %s is lost',
  {
    timeout: 120_000,
  },
  async (_, killed) => {
    await using rig = createRig()
    const here = os.hostname()
    rig.write(
      'tasks/note.mjs',
      `import { appendFileSync, existsSync, writeFileSync } from 'node:fs'
     import path from 'node:path'
     import { fileIn, task } from 'odop'
     export default task({ name: 'note', trigger: fileIn('scratch', { on: 'each-node' }) }, async ({ file, node }) => {
       const name = path.basename(file)
       if (node === 'n2' && name === 'slow') {
         writeFileSync('slow-began', '')
         while (!existsSync('release')) await new Promise(resolve => setTimeout(resolve, 20))
       }
       appendFileSync('noted', node + ' ' + name + '\\n')
     })`,
    )
    rig.write('scratch/before', 'x')
    const environment = withNodes(rig, ['n2'])
    const run = (done: string) =>
      rig.start([path.resolve('bin/odop.js'), 'run', '--name', 'each', '--drain', '--', ...running(done)], {
        environment,
      })

    const first = run('done1')
    const both = (name: string) => [`${here} ${name}`, `n2 ${name}`]
    await until('both nodes have seen the first file', () => noted(rig).length === 2)
    rig.write('scratch/slow', 'x')
    await until('n2 works on its file', () => existsSync(path.join(rig.folder, 'slow-began')))
    await until('this node has done its own', () => noted(rig).length === 3)
    const found = rig.processes().find(({ command }) => killed.test(command))
    process.kill(found?.pid ?? expect.fail('there is no such process'), 'SIGKILL')
    rig.write('done1', '')
    const { code, stderr } = await first.finished
    expect(code, stderr).toBe(0)
    expect(noted(rig)).toEqual([...both('before'), `${here} slow`].sort())
    expect(rig.summary('each')['tasks']).toMatchObject([{ name: 'note', completed: 3, left: 1 }])

    rig.write('release', '')
    const second = run('done2')
    await until('n2 has gone on with its file', () => noted(rig).length === 4)
    rig.write('done2', '')
    expect((await second.finished).code).toBe(0)
    expect(noted(rig)).toEqual([...both('before'), ...both('slow')].sort())
    const events = rig.events('each')
    const nodes = new Map(
      events.flatMap(each => (each.type === 'item-queued' ? [[each.item.id, each.item.node]] : [])),
    )
    for (const event of events)
      if (event.type === 'attempt-started') expect(event.placement.node).toBe(nodes.get(event.item))
    expect(rig.summary('each')['tasks']).toMatchObject([{ name: 'note', completed: 4, left: 0 }])
  },
)
