import { access, constants } from 'node:fs'
import path from 'node:path'

const GPU_PROGRAMS = ['nvidia-smi', 'rocm-smi'] as const

/** Where the tools are that tell of GPUs; null: there is none of this name. */
export interface GpuPrograms {
  readonly 'nvidia-smi': string | null
  readonly 'rocm-smi': string | null
}

/** A folder of the PATH that does not answer is not worth a wait. */
const LONGEST_SEARCH_MS = 500

/** null: there is none, and so no GPU that odop could know of. */
export async function findGpuPrograms(
  environment: Readonly<Record<string, string | undefined>>,
): Promise<GpuPrograms | null> {
  const search = Promise.all(GPU_PROGRAMS.map(program => findProgram(program, environment['PATH'])))
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<null>(resolve => {
    timer = setTimeout(() => resolve(null), LONGEST_SEARCH_MS)
  })
  const found = await Promise.race([search, late])
  clearTimeout(timer)
  const [nvidia = null, amd = null] = found ?? []
  return nvidia === null && amd === null ? null : { 'nvidia-smi': nvidia, 'rocm-smi': amd }
}

/** Absolute path of a program; null: it is in no folder of the PATH. Asked for in the background: such a folder may hang. */
async function findProgram(program: string, searched: string | undefined): Promise<string | null> {
  for (const folder of (searched ?? '').split(path.delimiter)) {
    const file = path.join(folder, program)
    const isThere = path.isAbsolute(folder) && (await isExecutable(file))
    if (isThere) return file
  }
  return null
}

function isExecutable(file: string): Promise<boolean> {
  return new Promise(resolve => access(file, constants.X_OK, error => resolve(error === null)))
}
