import type { GpuJudgement } from '../../../core/gpus.ts'
import type { GpuIndex, GpuUsage } from '../../../core/model.ts'

/** What is known of a GPU, from look to look. */
export interface GpuAccount {
  judgement: GpuJudgement
  knownSeconds: number
  usedSeconds: number
  /** At the last look, and the most. */
  usedMemoryBytes: number | null
  peakMemoryBytes: number | null
  memoryBytes: number | null
}

export function newAccount(judgement: GpuJudgement): GpuAccount {
  return {
    judgement,
    knownSeconds: 0,
    usedSeconds: 0,
    usedMemoryBytes: null,
    peakMemoryBytes: null,
    memoryBytes: null,
  }
}

export function usageOf([index, account]: readonly [GpuIndex, GpuAccount]): GpuUsage {
  const { knownSeconds, usedSeconds, peakMemoryBytes, memoryBytes } = account
  return { index, knownSeconds, usedSeconds, peakMemoryBytes, memoryBytes }
}
