import { existsSync } from 'node:fs'
import path from 'node:path'
import type { Options, PublicExplorer } from 'cosmiconfig'
// Not cosmiconfig's own entry: that first executes a `.config/config.js` of the working directory, if there is one.
import * as explorers from 'cosmiconfig/dist/Explorer.js'
import { loadJson, loadYaml } from 'cosmiconfig/dist/loaders.js'

/** A configuration: what a file says, or a module that says it once it is executed. */
export type Found =
  | { readonly file: string; readonly value: unknown }
  | { readonly file: string; readonly isModule: true }

/**
 * The nearest configuration from a folder upwards, up to the home folder or the root, failing that the old one in `ODOP_PATH`;
 * null: there is none. Rejects for unreadable text.
 */
export async function searchConfiguration(where: {
  readonly cwd: string
  readonly home: string
  readonly odopPath: string | null
}): Promise<Found | null> {
  const explorer = newExplorer()
  for (const folder of upwards(where.cwd, where.home)) {
    const found = foundOf(await explorer.search(folder))
    if (found !== null) return found
  }
  const last = where.odopPath === null ? null : path.join(where.odopPath, OLD_FILE)
  return last !== null && existsSync(last) ? loadConfigurationText(last) : null
}

/** That of the Python ODOP, which looked for it in `ODOP_PATH`. */
const OLD_FILE = 'odop_conf.yaml'

/** One file. Rejects for unreadable text and an unknown kind of file. */
export async function loadConfigurationText(file: string): Promise<Found | null> {
  return foundOf(await newExplorer().load(file))
}

function foundOf(result: { config?: unknown; filepath: string } | null): Found | null {
  if (result === null || result.config === undefined || result.config === null) return null
  const { config, filepath: file } = result
  return config === MODULE ? { file, isModule: true } : { file, value: config }
}

const MODULE = Object.freeze({ odopModule: true })

const SEARCH_PLACES = [
  'odop.config.ts',
  'odop.config.js',
  'odop.config.mjs',
  '.odoprc',
  '.odoprc.json',
  '.odoprc.yaml',
  '.odoprc.yml',
  OLD_FILE,
  'package.json',
]

/** cosmiconfig has no types for its parts. */
const { Explorer } = explorers as unknown as { Explorer: new (options: ExplorerOptions) => PublicExplorer }

interface ExplorerOptions extends Options {
  readonly moduleName: string
  readonly metaConfigFilePath: string | null
  readonly applyPackagePropertyPathToConfiguration: boolean
}

function newExplorer(): PublicExplorer {
  const module = () => MODULE
  return new Explorer({
    moduleName: 'odop',
    packageProp: 'odop',
    searchPlaces: SEARCH_PLACES,
    searchStrategy: 'none',
    ignoreEmptySearchPlaces: true,
    cache: false,
    transform: result => result,
    metaConfigFilePath: null,
    mergeImportArrays: true,
    mergeSearchPlaces: true,
    applyPackagePropertyPathToConfiguration: false,
    loaders: {
      ...Object.fromEntries(['.ts', '.mts', '.cts', '.js', '.mjs', '.cjs'].map(ending => [ending, module])),
      '.json': json,
      '.yaml': loadYaml,
      '.yml': loadYaml,
      noExt: loadYaml,
    },
  })
}

/** A package.json that says nothing about odop is none of its business, also when it is torn. */
function json(file: string, content: string): unknown {
  if (path.basename(file) === 'package.json' && !content.includes('"odop"')) return {}
  return loadJson(file, content)
}

function upwards(folder: string, last: string): string[] {
  const parent = path.dirname(folder)
  return folder === last || parent === folder ? [folder] : [folder, ...upwards(parent, last)]
}
