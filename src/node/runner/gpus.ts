import type { Gpu } from '../../core/model.ts'

/**
 * The variables by which CUDA, ROCm's runtime and HIP decide which GPUs a program sees. Every runner has them so: what did not
 * ask for a GPU must not take memory on one that the application uses.
 */
export const NO_GPUS: Readonly<Record<string, string>> = {
  CUDA_VISIBLE_DEVICES: '',
  ROCR_VISIBLE_DEVICES: '',
  HIP_VISIBLE_DEVICES: '',
}

/** The same for an attempt that has these. */
export function visibleGpus(gpus: readonly Gpu[]): Record<string, string> {
  const indexes = gpus.map(({ index }) => index).join(',')
  // Unless it is told, CUDA counts the fastest GPU first, and nvidia-smi does not.
  if (gpus[0]?.maker === 'nvidia')
    return { ...NO_GPUS, CUDA_VISIBLE_DEVICES: indexes, CUDA_DEVICE_ORDER: 'PCI_BUS_ID' }
  // HIP, which also reads CUDA's variable, counts what ROCm's runtime has left.
  const counted = gpus.map((_, at) => at).join(',')
  return { ROCR_VISIBLE_DEVICES: indexes, HIP_VISIBLE_DEVICES: counted, CUDA_VISIBLE_DEVICES: counted }
}
