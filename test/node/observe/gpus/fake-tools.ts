import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'

/** Programs in the place of the makers' tools: shell scripts, which print what the real ones print. */
export function fakeTool(folder: string, name: 'nvidia-smi' | 'rocm-smi', script: string): void {
  mkdirSync(folder, { recursive: true })
  const file = path.join(folder, name)
  writeFileSync(file, `#!/bin/sh\n${script}\n`)
  chmodSync(file, 0o755)
}

/**
 * An `nvidia-smi` that prints the lines of two files, which a test may change at any time: `gpus` (index, uuid, use in percent,
 * MiB used, MiB in all) and `apps` (pid, uuid, MiB).
 */
export function fakeNvidiaSmi(folder: string): { gpus(text: string): void; apps(text: string): void } {
  const write = (file: string, text: string) => writeFileSync(path.join(folder, file), text)
  fakeTool(
    folder,
    'nvidia-smi',
    `case "$*" in
  '--query-gpu=index,uuid,utilization.gpu,memory.used,memory.total --format=csv,noheader,nounits') cat '${folder}/gpus' ;;
  '--query-compute-apps=pid,gpu_uuid,used_memory --format=csv,noheader,nounits') cat '${folder}/apps' ;;
  *) echo "Field is not a valid field to query." ; exit 2 ;;
esac`,
  )
  const tool = { gpus: (text: string) => write('gpus', text), apps: (text: string) => write('apps', text) }
  tool.gpus('')
  tool.apps('')
  return tool
}

export const UUIDS = [
  'GPU-5f8e1c02-3a47-9d10-b6a1-0d2f6c1e7a90',
  'GPU-a1b2c3d4-0000-1111-2222-333344445555',
] as const
