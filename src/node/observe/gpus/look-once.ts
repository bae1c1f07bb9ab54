import type { Gpu } from '../../../core/model.ts'
import { allocatedGpus } from './allocated.ts'
import { findGpuPrograms, type GpuPrograms } from './find-tools.ts'
import { nvidiaSmi } from './nvidia-smi.ts'
import { rocmSmi } from './rocm-smi.ts'
import { runTool } from './run-tool.ts'
import type { GpuTool, SeenGpu } from './tool.ts'

/** What one look says of the GPUs of this node. */
export type GpuLook =
  /** There is no tool that could tell of any. */
  | { readonly kind: 'no-tool' }
  /** `gpus` are the allocation's, `there` is how many the tool tells of. */
  | {
      readonly kind: 'seen'
      readonly maker: Gpu['maker']
      readonly gpus: readonly SeenGpu[]
      readonly there: number
    }
  | { readonly kind: 'failed'; readonly program: string; readonly problem: string }

type Environment = Readonly<Record<string, string | undefined>>

/** Somebody waits for it. */
const DEADLINE_MS = 10_000

/** For who asks once, and waits; a run looks again and again: `GpuWatch`. Never rejects. */
export async function lookAtGpus(environment: Environment): Promise<GpuLook> {
  const programs = await findGpuPrograms(environment)
  // A tool that runs keeps no process from its end.
  const stay = setInterval(() => {}, DEADLINE_MS)
  let last: GpuLook = { kind: 'no-tool' }
  for (const tool of [nvidiaSmi, rocmSmi]) {
    const file = programs?.[tool.program] ?? null
    if (file !== null) last = await lookWith(tool, file, environment)
    if (last.kind === 'seen' && last.gpus.length > 0) break
  }
  clearInterval(stay)
  return last
}

async function lookWith(
  tool: GpuTool,
  file: NonNullable<GpuPrograms[keyof GpuPrograms]>,
  environment: Environment,
): Promise<GpuLook> {
  const run = { file, environment, deadlineMs: DEADLINE_MS, onChild: () => {} }
  try {
    const seen = await tool.look(words => runTool({ ...run, words }))
    const gpus = allocatedGpus(environment, tool.maker, seen)
    return { kind: 'seen', maker: tool.maker, gpus, there: seen.length }
  } catch (error) {
    return {
      kind: 'failed',
      program: tool.program,
      problem: error instanceof Error ? error.message : String(error),
    }
  }
}
