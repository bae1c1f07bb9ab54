import { realpathSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { exportedTasks } from './exported-tasks.ts'
import { resolveOdop } from './loader/resolve-odop.ts'
import { understandTypeScript } from './loader/typescript.ts'
import { needsTypeScript } from './module-names.ts'
import type { Task } from './task.ts'

/**
 * Loads a task module: TypeScript or JavaScript, ES module or CommonJS. This executes user code, so it is only ever
 * called in a loader child or a runner. Rejects with whatever the module throws.
 */
export async function loadTaskModule(file: string): Promise<readonly Task[]> {
  return exportedTasks(await importModule(file), file).map(({ task }) => task)
}

/** The exports of a module in which `odop` is this installation, whether or not a `node_modules` holds one. */
export async function importModule(file: string): Promise<object> {
  // tsx before odop's resolution: hooks that were registered last are asked first.
  if (needsTypeScript(file)) await understandTypeScript()
  resolveOdop(file)
  return await load(file)
}

async function load(file: string): Promise<object> {
  // Node's `import()` gives a CommonJS module that went through a hook another `require`, which can't load ES modules.
  if (/\.c[jt]s$/.test(file)) return { default: createRequire(file)(realpathSync(file)) }
  return await import(pathToFileURL(path.resolve(file)).href)
}
