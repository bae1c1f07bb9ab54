import { existsSync, realpathSync } from 'node:fs'
import Module from 'node:module'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { entryPoint, packageRoot } from '../../entry-points.ts'
import * as odop from '../../index.ts'
import { programOf } from '../added-module.ts'

/**
 * Makes `odop` mean this installation in every module that this process loads from here on. The ES module hook runs in
 * a thread of its own that takes 50 ms to start, so it is left out where Node finds this installation by itself.
 */
export function resolveOdop(file: string): void {
  resolveForRequire()
  if (hooked || (foundWithoutHook(file) && programOf(pathToFileURL(file).href) === null)) return
  hooked = true
  Module.register(pathToFileURL(entryPoint('odop-resolution')))
}

let hooked = false

/** Whether the nearest `node_modules/odop` is this installation. */
function foundWithoutHook(file: string): boolean {
  for (let folder = path.dirname(realpathSync(file)); ; folder = path.dirname(folder)) {
    const installed = path.join(folder, 'node_modules', 'odop')
    if (existsSync(installed)) return realpathSync(installed) === realpathSync(packageRoot())
    if (folder === path.dirname(folder)) return false
  }
}

/** Node's own loader of CommonJS modules; it has no public way in. */
interface CommonJsLoader {
  _load(request: string, ...rest: unknown[]): unknown
  _resolveFilename(request: string, ...rest: unknown[]): string
}

let patched = false

/** `require('odop')` is given the interface itself: requiring an ES module would warn on stderr in some versions of Node. */
function resolveForRequire(): void {
  if (patched) return
  patched = true
  const loader = Module as unknown as CommonJsLoader
  const load = loader._load
  const resolve = loader._resolveFilename
  const index = publicInterface()
  const exported = { ...odop, __esModule: true }
  loader._load = function (request, ...rest) {
    return request === 'odop' || request === index ? exported : load.call(this, request, ...rest)
  }
  loader._resolveFilename = function (request, ...rest) {
    return request === 'odop' ? index : resolve.call(this, request, ...rest)
  }
}

function publicInterface(): string {
  return path.join(packageRoot(), 'dist', 'index.js')
}
