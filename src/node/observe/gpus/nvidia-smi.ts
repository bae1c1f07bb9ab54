import { type Ask, type GpuTool, notUnderstood, numberOrNull, type SeenGpu } from './tool.ts'

const FORMAT = '--format=csv,noheader,nounits'
const MEBIBYTE = 2 ** 20

/** Of NVIDIA's driver. */
export const nvidiaSmi: GpuTool = {
  program: 'nvidia-smi',
  maker: 'nvidia',
  async look(ask: Ask) {
    const gpus = parseGpus(
      await ask(['--query-gpu=index,uuid,utilization.gpu,memory.used,memory.total', FORMAT]),
    )
    if (gpus.length === 0) return []
    const processes = parseProcesses(await ask(['--query-compute-apps=pid,gpu_uuid,used_memory', FORMAT]))
    return gpus.map(gpu => ({
      ...gpu,
      pids: processes.filter(({ uuid }) => uuid === gpu.uuid).map(({ pid }) => pid),
    }))
  },
}

/** `0, GPU-5f8e…, 37, 1024, 81559`, one a line. A GPU that is divided into instances (MIG) has `[N/A]` as its use. */
function parseGpus(output: string): SeenGpu[] {
  const lines = linesOf(output)
  if (lines.some(line => /no devices were found/i.test(line))) return []
  const gpus = lines.flatMap(line => gpuOf(line) ?? [])
  if (gpus.length === 0) throw notUnderstood(output)
  return gpus
}

function gpuOf(line: string): SeenGpu | null {
  const [index, uuid = '', use, used, memory] = line.split(',').map(word => word.trim())
  const number = numberOrNull(index)
  if (number === null || !uuid.startsWith('GPU-')) return null
  const percent = numberOrNull(use)
  return {
    index: number,
    uuid,
    useShare: percent === null ? null : Math.min(1, percent / 100),
    usedMemoryBytes: bytesOf(used),
    memoryBytes: bytesOf(memory),
    pids: [],
  }
}

function bytesOf(mebibytes: string | undefined): number | null {
  const number = numberOrNull(mebibytes)
  return number === null ? null : number * MEBIBYTE
}

/** `12345, GPU-5f8e…, 512`; of processes in other containers there may be nothing to see. */
function parseProcesses(output: string): { readonly pid: number; readonly uuid: string }[] {
  return linesOf(output).flatMap(line => {
    const [pid, uuid = ''] = line.split(',').map(word => word.trim())
    const number = numberOrNull(pid)
    return number === null ? [] : [{ pid: number, uuid }]
  })
}

function linesOf(output: string): string[] {
  return output.split('\n').filter(line => line.trim() !== '')
}
