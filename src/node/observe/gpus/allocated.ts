import type { Gpu } from '../../../core/model.ts'
import { parseCoreList } from '../topology.ts'
import type { SeenGpu } from './tool.ts'

type Environment = Readonly<Record<string, string | undefined>>

/** Those that name what may be used, the one that counts most first. */
const VARIABLES: Readonly<Record<Gpu['maker'], readonly string[]>> = {
  nvidia: ['CUDA_VISIBLE_DEVICES'],
  // Those of HIP and CUDA count what ROCm's runtime leaves, so they name GPUs only where that leaves all.
  amd: ['ROCR_VISIBLE_DEVICES', 'HIP_VISIBLE_DEVICES', 'CUDA_VISIBLE_DEVICES'],
}
const SLURM_VARIABLES = ['SLURM_STEP_GPUS', 'SLURM_JOB_GPUS']

/** Whether the environment says that there are GPUs for us: then a tool that fails is worth a word. */
export function namesGpus(env: Environment): boolean {
  const names = [...VARIABLES.nvidia, ...VARIABLES.amd, ...SLURM_VARIABLES]
  return names.some(name => /\d/.test(env[name] ?? ''))
}

/**
 * Those of the GPUs that a tool sees which are the allocation's. A tool knows nothing of variables: where Slurm does not hide
 * the GPUs of other jobs by a control group, it shows them all.
 */
export function allocatedGpus(env: Environment, maker: Gpu['maker'], seen: readonly SeenGpu[]): SeenGpu[] {
  const visible = VARIABLES[maker].map(name => env[name]).find(value => value !== undefined)
  if (visible !== undefined) return named(visible, seen)
  const slurm = SLURM_VARIABLES.map(name => env[name]).find(value => value !== undefined)
  if (slurm !== undefined) return numbered(slurm, seen)
  return env['SLURM_JOB_ID'] === undefined ? [...seen] : []
}

/** Numbers or (the beginnings of) UUIDs. As for CUDA, the first that is none ends the list: `-1`, `NoDevFiles`. */
function named(value: string, seen: readonly SeenGpu[]): SeenGpu[] {
  const gpus: SeenGpu[] = []
  for (const word of value.split(',').map(each => each.trim())) {
    const gpu = seen.find(
      ({ index, uuid }) => word === String(index) || (word.length > 4 && uuid?.startsWith(word)),
    )
    if (gpu === undefined) break
    if (!gpus.includes(gpu)) gpus.push(gpu)
  }
  return gpus.sort((a, b) => a.index - b.index)
}

/** These are the machine's numbers; where a control group hides the others, the tool counts only those of the job. */
function numbered(value: string, seen: readonly SeenGpu[]): SeenGpu[] {
  const numbers = parseCoreList(value)
  return numbers.length === seen.length ? [...seen] : seen.filter(({ index }) => numbers.includes(index))
}
