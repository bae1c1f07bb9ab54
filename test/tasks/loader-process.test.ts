import { spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { GOOD, load, loadFiles, temporaryFolder } from './task-folder.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

it('loads plain JavaScript without what understands TypeScript', async () => {
  const code = `const name = '.ts' in require.extensions ? 'slow' : 'quick'
    exports.a = require('odop').task({ name }, () => {})`
  const { tasks, problems } = await loadFiles({ 'b.cjs': code, 'a.ts': GOOD })
  expect(problems).toEqual([])
  expect(tasks.map(task => task.name)).toEqual(['a', 'quick'])
})

it('executes modules in the working directory, with nothing on stdin and nothing on the stdout of odop', async () => {
  const cwd = temporaryFolder({
    'tasks/a.mjs': `import { readFileSync } from 'node:fs'
      import { task } from 'odop'
      console.log('not for the application’s output')
      export default task({ cwd: process.cwd(), env: { stdin: readFileSync(0, 'utf8') } }, () => {})`,
  })
  expect(await load(cwd)).toMatchObject({ problems: [], tasks: [{ cwd, env: { stdin: '' } }] })
})

it.runIf(process.platform === 'linux')(
  'runs only when cores are idle while an application runs',
  async () => {
    const code = `import { readFileSync } from 'node:fs'
    import { task } from 'odop'
    export default task({ priority: (await import('node:os')).getPriority() }, () => {})`
    expect(await loadFiles({ 'a.mjs': code }, { inBackground: true })).toMatchObject({
      tasks: [{ priority: 19 }],
    })
  },
)

it.runIf(process.platform === 'linux')('is gone when the supervisor is killed', async () => {
  const cwd = temporaryFolder({
    'tasks/a.mjs': `import { writeFileSync } from 'node:fs'\nwriteFileSync('pid', \`\${process.pid}\\n\`)\nfor (;;) {}`,
    'supervisor.mts': `import { loadTasks } from ${JSON.stringify(path.join(root, 'src/tasks/load.ts'))}
      await loadTasks({ folders: ['tasks'], cwd: process.cwd(), timeLimitSeconds: 600 })`,
  })
  const tsx = path.join(root, 'node_modules/tsx/dist/loader.mjs')
  const supervisor = spawn(process.execPath, ['--import', tsx, 'supervisor.mts'], { cwd, stdio: 'ignore' })
  const written = () => (existsSync(path.join(cwd, 'pid')) ? readFileSync(path.join(cwd, 'pid'), 'utf8') : '')
  await expect.poll(written, { timeout: 30_000 }).toContain('\n')
  const loader = written().trim()
  expect(existsSync(`/proc/${loader}`)).toBe(true)
  supervisor.kill('SIGKILL')
  await expect.poll(() => existsSync(`/proc/${loader}`), { timeout: 10_000 }).toBe(false)
})
