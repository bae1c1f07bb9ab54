import { describe, expect, test } from 'vitest'
import { allocatedGpus, namesGpus } from '../../../../src/node/observe/gpus/allocated.ts'
import { nvidiaSmi } from '../../../../src/node/observe/gpus/nvidia-smi.ts'
import { rocmSmi } from '../../../../src/node/observe/gpus/rocm-smi.ts'
import type { SeenGpu } from '../../../../src/node/observe/gpus/tool.ts'
import { UUIDS } from './fake-tools.ts'

const MIB = 2 ** 20
const [one, other] = UUIDS

describe('nvidia-smi', () => {
  const look = (gpus: string, apps = '') =>
    nvidiaSmi.look(async words => (words[0]?.startsWith('--query-gpu=') ? gpus : apps))

  test('use, memory, and the processes of each GPU', async () => {
    const gpus = `0, ${one}, 37, 1024, 81559\n1, ${other}, 0, 3, 81559\n`
    expect(await look(gpus, `4711, ${one}, 512\n4712, ${one}, 500\n815, ${other}, [N/A]\n`)).toEqual([
      { ...seen(0, one), useShare: 0.37, usedMemoryBytes: 1024 * MIB, pids: [4711, 4712] },
      { ...seen(1, other), useShare: 0, usedMemoryBytes: 3 * MIB, pids: [815] },
    ])
  })

  test('what it does not know, and a GPU that is divided into instances', async () => {
    const gpus = `0, ${one}, [N/A], [Insufficient Permissions], 40960\n1, ${other}, [Not Supported], [N/A], [N/A]\n`
    const unknown = { useShare: null, usedMemoryBytes: null }
    expect(await look(gpus, `4711, MIG-0d2f, 512\n[N/A], [N/A], [N/A]\n`)).toEqual([
      { ...seen(0, one), ...unknown, memoryBytes: 40960 * MIB },
      { ...seen(1, other), ...unknown, memoryBytes: null },
    ])
  })

  test('a GPU that is lost beside one that is not', async () => {
    const gpus = `0, ${one}, [GPU requires reset], [GPU requires reset], [GPU requires reset]\n1, ${other}, 5, 3, 81559\n`
    expect((await look(gpus)).map(({ useShare }) => useShare)).toEqual([null, 0.05])
  })

  test.each([
    ['none', 'No devices were found\n', []],
    ['nothing', '', 'it prints nothing'],
    ['garbage', '<html>\n503\n', "what it prints can't be understood: <html>"],
    ['a header that was not asked for', 'index, uuid\n', "what it prints can't be understood: index, uuid"],
  ])('%s', async (_, output, expected) => {
    const result = await look(output).catch((error: Error) => error.message)
    expect(result).toEqual(expected)
  })
})

describe('rocm-smi', () => {
  const look = (output: string) => rocmSmi.look(async () => output)
  const card = (use: string, used: string) => ({
    'GPU use (%)': use,
    'VRAM Total Memory (B)': '68702699520',
    'VRAM Total Used Memory (B)': used,
  })

  test('use and memory of each card, also after warnings', async () => {
    const json = JSON.stringify({ card0: card('12', '10960896'), card1: card('N/A', '0') })
    const warning =
      'WARNING: AMD GPU device(s) is/are in a low-power state. Check power control/runtime_status\n\n'
    const amd = { ...seen(0, null), memoryBytes: 68702699520 }
    expect(await look(`${warning}${json}\n`)).toEqual([
      { ...amd, useShare: 0.12, usedMemoryBytes: 10960896 },
      { ...amd, index: 1, useShare: null, usedMemoryBytes: 0 },
    ])
  })

  test('no card, and what is not JSON', async () => {
    expect(await look('{"system": {"Driver version": "6.3.6"}}')).toEqual([])
    await expect(look('ERROR:root:Driver not initialized (amdgpu not found in modules)')).rejects.toThrow(
      "what it prints can't be understood: ERROR:root",
    )
    await expect(look('{"card0": {')).rejects.toThrow("can't be understood")
  })
})

describe('which of them are ours', () => {
  const four = [0, 1, 2, 3].map(index => seen(index, `GPU-${index}${index}${index}${index}-x`))

  test.each<[string, Record<string, string>, number[]]>([
    ['all, when nothing is said', {}, [0, 1, 2, 3]],
    ['by number', { CUDA_VISIBLE_DEVICES: '2,0' }, [0, 2]],
    ['by UUID', { CUDA_VISIBLE_DEVICES: 'GPU-1111-x,GPU-333' }, [1, 3]],
    ['none', { CUDA_VISIBLE_DEVICES: '' }, []],
    ['none, as Slurm says it', { CUDA_VISIBLE_DEVICES: 'NoDevFiles' }, []],
    ['up to the first that is none', { CUDA_VISIBLE_DEVICES: '1,-1,2' }, [1]],
    ['an instance of a GPU is not a GPU', { CUDA_VISIBLE_DEVICES: 'MIG-5f8e' }, []],
    ["Slurm's step before its job", { SLURM_STEP_GPUS: '1', SLURM_JOB_GPUS: '0,1' }, [1]],
    ["Slurm's job", { SLURM_JOB_GPUS: '1-2' }, [1, 2]],
    ['CUDA before Slurm', { SLURM_JOB_GPUS: '1,2', CUDA_VISIBLE_DEVICES: '3' }, [3]],
    ['a job without GPUs', { SLURM_JOB_ID: '7' }, []],
    ["AMD's variables are not NVIDIA's", { ROCR_VISIBLE_DEVICES: '1' }, [0, 1, 2, 3]],
  ])('%s', (_, env, indexes) =>
    expect(allocatedGpus(env, 'nvidia', four).map(({ index }) => index)).toEqual(indexes),
  )

  test('a control group hides those of other jobs, and the tool counts from 0', () => {
    const two = four.slice(0, 2)
    expect(allocatedGpus({ SLURM_JOB_GPUS: '2,3' }, 'nvidia', two)).toEqual(two)
  })

  test('of AMD', () => {
    const indexes = (env: Record<string, string>) => allocatedGpus(env, 'amd', four).map(({ index }) => index)
    expect(indexes({ ROCR_VISIBLE_DEVICES: '1,2', HIP_VISIBLE_DEVICES: '0,1' })).toEqual([1, 2])
    expect(indexes({ HIP_VISIBLE_DEVICES: '3' })).toEqual([3])
    expect(indexes({ CUDA_VISIBLE_DEVICES: '0' })).toEqual([0])
  })

  test('whether there should be some', () => {
    expect(namesGpus({})).toBe(false)
    expect(namesGpus({ CUDA_VISIBLE_DEVICES: 'NoDevFiles' })).toBe(false)
    expect(namesGpus({ SLURM_JOB_GPUS: '0' })).toBe(true)
  })
})

function seen(index: number, uuid: string | null): SeenGpu {
  return { index, uuid, useShare: 0, usedMemoryBytes: 0, memoryBytes: 81559 * MIB, pids: [] }
}
