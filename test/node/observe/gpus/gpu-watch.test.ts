import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Gpu, GpuState } from '../../../../src/core/model.ts'
import { findGpuPrograms } from '../../../../src/node/observe/gpus/find-tools.ts'
import { GpuWatch, type GpuWatchOptions } from '../../../../src/node/observe/gpus/gpu-watch.ts'
import { until } from '../../../rig/rig.ts'
import { fakeNvidiaSmi, fakeTool, UUIDS } from './fake-tools.ts'

let folder = ''
const watches: GpuWatch[] = []
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'odop-gpus-'))
})
afterEach(() => {
  for (const watch of watches.splice(0)) watch.close()
  rmSync(folder, { recursive: true, force: true })
})

/** A watch whose clock goes two seconds on with each look, however long that takes. */
async function watched(parts: Partial<GpuWatchOptions> = {}) {
  const environment = { PATH: `${folder}:${process.env['PATH']}`, ...parts.environment }
  const programs = await findGpuPrograms({ PATH: folder })
  if (programs === null) throw new Error('no tool was found')
  const known: (readonly Gpu[])[] = []
  const notes: string[] = []
  let time = 0
  const watch = new GpuWatch({
    programs,
    threshold: 0.1,
    now: () => {
      time += 2000
      return time
    },
    held: () => new Set(),
    isOwn: () => null,
    applicationRuns: () => true,
    onKnown: gpus => known.push(gpus),
    onNote: text => notes.push(text),
    ...parts,
    environment,
    // On a machine that is busy a look may take a second.
    times: { shortMs: 20, longMs: 20, afterglowMs: 0, mostShare: 1, ...parts.times },
  })
  watches.push(watch)
  const becomes = (...judged: GpuState['judged'][]) =>
    until(`GPUs are ${judged}`, () => watch.states?.map(state => state.judged).join() === judged.join())
  return { watch, known, notes, becomes }
}

test('without a tool there is nothing to watch', async () => {
  expect(await findGpuPrograms({ PATH: folder })).toBeNull()
  expect(await findGpuPrograms({})).toBeNull()
  // The working directory is no place to look for programs.
  expect(await findGpuPrograms({ PATH: ':.' })).toBeNull()
})

test('GPUs of NVIDIA: known, judged, and accounted for', async () => {
  const tool = fakeNvidiaSmi(folder)
  tool.gpus(`0, ${UUIDS[0]}, 80, 40000, 80000\n1, ${UUIDS[1]}, 0, 3, 80000\n`)
  const { watch, known, becomes } = await watched()
  await becomes('busy', 'idle')
  expect(known).toEqual([
    [
      { index: 0, maker: 'nvidia' },
      { index: 1, maker: 'nvidia' },
    ],
  ])
  const [first, second] = watch.usage ?? []
  expect((first?.usedSeconds ?? 0) / (first?.knownSeconds ?? 0)).toBeCloseTo(0.8)
  expect(first).toMatchObject({ peakMemoryBytes: 40000 * 2 ** 20, memoryBytes: 80000 * 2 ** 20 })
  expect(second).toMatchObject({ index: 1, usedSeconds: 0 })
  expect(watch.memoryBytes).toEqual([40000 * 2 ** 20, 3 * 2 ** 20])

  // The application comes to the other one, and waits there.
  tool.gpus(`0, ${UUIDS[0]}, 0, 3, 80000\n1, ${UUIDS[1]}, 0, 500, 80000\n`)
  tool.apps(`4711, ${UUIDS[1]}, 497\n`)
  await becomes('idle', 'busy')
})

test('what an attempt does on its GPU is not the application, and what others do there is', async () => {
  const tool = fakeNvidiaSmi(folder)
  tool.gpus(`0, ${UUIDS[0]}, 0, 3, 80000\n`)
  const held = new Set<number>()
  const { watch, becomes } = await watched({ held: () => held, isOwn: pid => pid === 4711 })
  await becomes('idle')
  held.add(0)
  const looks = () => watch.usage?.[0]?.usedSeconds ?? 0
  tool.apps(`4711, ${UUIDS[0]}, 70000\n`)
  tool.gpus(`0, ${UUIDS[0]}, 100, 70003, 80000\n`)
  await until('it was looked at', () => looks() > 10)
  expect(watch.states).toEqual([{ index: 0, judged: 'idle' }])
  tool.apps(`4711, ${UUIDS[0]}, 70000\n4712, ${UUIDS[0]}, 500\n`)
  await becomes('busy')
})

test('only those of the allocation', async () => {
  fakeNvidiaSmi(folder).gpus(`0, ${UUIDS[0]}, 0, 3, 80000\n1, ${UUIDS[1]}, 0, 3, 80000\n`)
  const { known } = await watched({ environment: { CUDA_VISIBLE_DEVICES: '1' } })
  await until('they are known', () => known.length > 0)
  expect(known).toEqual([[{ index: 1, maker: 'nvidia' }]])
})

test('after the application every one is free', async () => {
  fakeNvidiaSmi(folder).gpus(`0, ${UUIDS[0]}, 99, 9000, 80000\n`)
  const { becomes } = await watched({ applicationRuns: () => false })
  await becomes('idle')
})

test('GPUs of AMD, also where a driver of NVIDIA is missing', async () => {
  fakeTool(folder, 'nvidia-smi', 'echo "No devices were found"; exit 0')
  fakeTool(
    folder,
    'rocm-smi',
    `[ "$*" = '--showuse --showmeminfo vram --json' ] || exit 2
echo '{"card0": {"GPU use (%)": "0", "VRAM Total Memory (B)": "68702699520", "VRAM Total Used Memory (B)": "10960896"}}'`,
  )
  const { known, becomes } = await watched()
  await becomes('idle')
  expect(known).toEqual([[{ index: 0, maker: 'amd' }]])
})

test('a tool without a driver is as good as none, unless there should be GPUs', async () => {
  fakeTool(folder, 'nvidia-smi', 'echo "couldn\'t communicate with the NVIDIA driver"; exit 9')
  const silent = await watched()
  await until('that is known', () => silent.known.length > 0)
  expect([silent.known, silent.notes]).toEqual([[[]], []])

  const told = await watched({ environment: { SLURM_JOB_GPUS: '0' } })
  await until('it is told', () => told.notes.length > 0)
  expect(told.notes).toEqual([
    "GPUs are left alone: nvidia-smi: exit code 9: couldn't communicate with the NVIDIA driver",
  ])
})

test('a tool that fails once is asked again; one that goes on failing is dropped with a note', async () => {
  const tool = fakeNvidiaSmi(folder)
  tool.gpus(`0, ${UUIDS[0]}, 0, 3, 80000\n`)
  const { watch, known, notes, becomes } = await watched()
  await becomes('idle')
  tool.gpus('<html>\n')
  await until('it is dropped', () => known.length > 1)
  expect(known.at(-1)).toEqual([])
  expect(watch.states).toBeUndefined()
  expect(watch.usage).toHaveLength(1)
  expect(notes).toEqual(["GPUs are left alone: nvidia-smi: what it prints can't be understood: <html>"])
})

test('a tool that hangs is killed and dropped, with a note; nothing waits for it', async () => {
  fakeTool(folder, 'nvidia-smi', `echo $$ > '${folder}/pid'; exec sleep 600`)
  const { watch, known, notes } = await watched({ times: { deadlineMs: 300 } })
  await until('it runs', () => watch.pids.length === 1)
  await until('it is dropped', () => known.length > 0)
  expect(notes).toEqual(['GPUs are left alone: nvidia-smi: no answer within 0.3 s'])
  expect(watch.pids).toEqual([])
  const pid = Number(readFileSync(path.join(folder, 'pid'), 'utf8'))
  await until('it is gone', () => !isThere(pid))
})

function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
