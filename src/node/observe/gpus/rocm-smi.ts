import { type Ask, type GpuTool, notUnderstood, numberOrNull, type SeenGpu } from './tool.ts'

/** Of AMD's ROCm. It tells how much of a GPU is used, not by whom. */
export const rocmSmi: GpuTool = {
  program: 'rocm-smi',
  maker: 'amd',
  async look(ask: Ask) {
    return parseCards(await ask(['--showuse', '--showmeminfo', 'vram', '--json']))
  },
}

/** `{"card0": {"GPU use (%)": "12", "VRAM Total Memory (B)": "…", "VRAM Total Used Memory (B)": "…"}, …}`, after warnings. */
function parseCards(output: string): SeenGpu[] {
  const cards = jsonIn(output)
  if (cards === null) throw notUnderstood(output)
  return Object.entries(cards).flatMap(([key, card]) => {
    const index = numberOrNull(/^card(\d+)$/.exec(key)?.[1])
    if (index === null || typeof card !== 'object' || card === null) return []
    const fields = card as Record<string, unknown>
    const percent = numberOrNull(fields['GPU use (%)'])
    return [
      {
        index,
        uuid: null,
        useShare: percent === null ? null : Math.min(1, percent / 100),
        usedMemoryBytes: numberOrNull(fields['VRAM Total Used Memory (B)']),
        memoryBytes: numberOrNull(fields['VRAM Total Memory (B)']),
        pids: [],
      },
    ]
  })
}

function jsonIn(output: string): object | null {
  try {
    const value: unknown = JSON.parse(output.slice(output.indexOf('{'), output.lastIndexOf('}') + 1))
    return typeof value === 'object' ? value : null
  } catch {
    return null
  }
}
