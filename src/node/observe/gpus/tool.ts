import type { Gpu, GpuIndex } from '../../../core/model.ts'
import type { GpuPrograms } from './find-tools.ts'

/** A GPU as its tool sees it at one moment. */
export interface SeenGpu {
  readonly index: GpuIndex
  /** By which `CUDA_VISIBLE_DEVICES` may name it, and processes are told; null: its tool has none. */
  readonly uuid: string | null
  /** null, here and below: the tool does not say. */
  readonly useShare: number | null
  readonly usedMemoryBytes: number | null
  readonly memoryBytes: number | null
  /** That have memory on it, as far as the tool can see them. */
  readonly pids: readonly number[]
}

/** Executes the tool with these words, and resolves with what it prints; rejects when it fails or takes too long. */
export type Ask = (words: readonly string[]) => Promise<string>

/** A program that tells of the GPUs of a maker. */
export interface GpuTool {
  readonly program: keyof GpuPrograms
  readonly maker: Gpu['maker']
  /** Rejects with what a user should read when it does not answer, or not in a way that can be understood. */
  look(ask: Ask): Promise<readonly SeenGpu[]>
}

/** What tools print where there is no number: `[N/A]`, `N/A`, `[Not Supported]`, `[Insufficient Permissions]` … */
export function numberOrNull(text: unknown): number | null {
  const word = String(text ?? '').trim()
  return /^\d+(\.\d+)?$/.test(word) ? Number(word) : null
}

export function notUnderstood(output: string): Error {
  const line = output.trim().split('\n')[0]?.slice(0, 80) ?? ''
  return new Error(line === '' ? 'it prints nothing' : `what it prints can't be understood: ${line}`)
}
