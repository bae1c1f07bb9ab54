import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { writeStderr } from '../os/stderr.ts'
import { print } from './print.ts'

/** Writes `tasks/first.ts` and `odop.config.ts`; a file that is there already is left as it is. */
export async function writeFirstTask(folder: string): Promise<number> {
  const tasks = path.join(folder, 'tasks')
  try {
    // Whatever the umask: what others can write would be refused.
    await mkdir(tasks, { recursive: true, mode: 0o755 })
  } catch (error) {
    writeStderr(`odop: could not make ${tasks}: ${(error as Error).message}\n`)
    return 1
  }
  const lines = [
    await writeNew(folder, 'tasks/first.ts', FIRST_TASK),
    await writeNew(folder, 'odop.config.ts', CONFIGURATION),
    '',
    'Next: change tasks/first.ts to what should happen with each file, then',
    '  odop tasks check        is it right?',
    '  odop run -- ./app       run the application with it',
  ]
  print(`${lines.join('\n')}\n`)
  return 0
}

async function writeNew(folder: string, name: string, content: string): Promise<string> {
  try {
    await writeFile(path.join(folder, name), content, { flag: 'wx', mode: 0o644 })
    return `wrote ${name}`
  } catch (error) {
    const exists = (error as NodeJS.ErrnoException).code === 'EEXIST'
    return exists ? `${name} is there already: left as it is` : `could not write ${name}: ${String(error)}`
  }
}

const FIRST_TASK = `import { stat } from 'node:fs/promises'
import { fileIn, task } from 'odop'

// Runs once for each file that appears in ./data and is complete, on a core that the application leaves idle.
export default task(
  {
    name: 'first',
    trigger: fileIn('data', { filter: '*' }),
    cpus: 1,
    memory: '500M',
    time: '5m',
  },
  async ({ file, log }) => {
    const { size } = await stat(file)
    log(\`\${file} has \${size} bytes\`)
  },
)
`

const CONFIGURATION = `import { defineConfig } from 'odop'

// Everything here has a default; flags of the command line and ODOP_* variables beat it.
export default defineConfig({
  tasks: ['tasks'],
  // drain: '10m', // after the application has ended, go on with the queue for so long
})
`
