import { readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { installPacked } from './packed.ts'
import { createRig } from './rig.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

test('what npm packs runs an application and a task that imports odop', async () => {
  await using rig = createRig()
  const packed = path.join(installPacked(rig, 'installed'), 'bin/odop.js')
  expect((await rig.start([packed, 'init']).finished).code).toBe(0)
  rig.write('data/a.bin', 'x')
  const { code, stderr } = await rig.start([
    packed,
    'run',
    '--name',
    'packed',
    '--drain',
    '--',
    'sh',
    '-c',
    'exit 9',
  ]).finished
  expect(code).toBe(9)
  expect(stderr).toContain('first')
  expect(rig.read('.odop-path/runs/packed/logs/first/1.1.log')).toContain('a.bin has 1 bytes')
})

const PROGRAM = `
  const odop = await start({ name, tasks: [], config: { quiet: true, drain: true } })
  const done = task({ name: 'size', trigger: fileIn('data') }, async ({ file, log }) => {
    const { statSync } = await import('node:fs')
    const { unit } = await import('./unit.mjs')
    log(statSync(file).size + unit)
  })
  const added = await odop.add(done)
  const summary = await odop.stop()
  console.log(JSON.stringify([odop.problem, added.problems, summary?.tasks.map(each => each.completed)]))
`

const TYPED = `
import { Worker } from 'node:worker_threads'
import { type Added, fileIn, monitor, type Odop, runtime, start, type StartOptions, type Summary, task } from 'odop'
const name: string = 'typed'
{${PROGRAM}}
export async function checked(options: StartOptions): Promise<number | undefined> {
  await using odop: Odop = await start(options)
  const added: Added = await odop.add(new URL('./x.ts', import.meta.url), { values: { name } })
  const share: Promise<number> = runtime({ tasks: ['a', new URL('file:///b')] }, each => each.warnings.length)
  // @ts-expect-error unknown
  await start({ task: 'x' })
  // @ts-expect-error monitoring takes no tasks
  await monitor({ tasks: 'x' })
  // @ts-expect-error not a task
  await odop.add(5)
  const summary: Summary | null = await odop.stop()
  return summary?.harvest.share ?? (await share) + added.tasks.length
}
new Worker('', { eval: true })
`

test('what npm packs can be called by ES modules, CommonJS and TypeScript, with their types', async () => {
  await using rig = createRig()
  const { folder } = rig
  installPacked(rig, '.')
  rig.write('data/a.bin', 'four')
  rig.write('unit.mjs', `export const unit = ' bytes'`)
  rig.write('unit.d.mts', 'export declare const unit: string')
  rig.write('esm.mjs', `import { fileIn, start, task } from 'odop'\nconst name = 'esm'\n${PROGRAM}`)
  rig.write(
    'cjs.cjs',
    `const { fileIn, start, task } = require('odop')\nconst name = 'cjs'\nmain()\nasync function main() {${PROGRAM}}`,
  )
  rig.write('typed.mts', TYPED)
  for (const words of [['esm.mjs'], ['cjs.cjs'], ['--import', 'tsx', 'typed.mts']]) {
    const { code, stdout, stderr } = await rig.start([process.execPath, ...words]).finished
    expect([code, stderr, stdout.toString()]).toEqual([0, '', '[null,[],[1]]\n'])
  }
  for (const name of ['esm', 'cjs', 'typed'])
    expect(rig.read(`.odop-path/runs/${name}/logs/size/1.1.log`)).toBe('4 bytes\n')

  const tsc = path.join(root, 'node_modules/.bin/tsc')
  const options =
    '--noEmit --strict --exactOptionalPropertyTypes --module nodenext --target es2022 --lib es2023,esnext.disposable'
  const checked = await rig.start([
    tsc,
    ...options.split(' '),
    '--types',
    'node',
    path.join(folder, 'typed.mts'),
  ]).finished
  expect([checked.code, checked.stdout.toString()]).toEqual([0, ''])
})

test('the lock file names no host', () => {
  expect(readFileSync(path.join(root, 'package-lock.json'), 'utf8')).not.toContain('"resolved"')
})
