import { type Reader, wrong } from '../validation/readers.ts'

/** Core numbers of `0-3,7` or `[0, 1, 2, 3, 7]`: sorted, each once. */
export const cpuList: Reader<readonly number[]> = raw => {
  const cores =
    typeof raw === 'string'
      ? fromText(raw)
      : Array.isArray(raw)
        ? raw
        : typeof raw === 'number'
          ? [raw]
          : null
  if (cores === null || !cores.every(isCore)) return wrong("core numbers such as '0-3,7'", raw)
  return { value: [...new Set(cores)].sort((a, b) => a - b) }
}

function fromText(text: string): number[] | null {
  if (text.trim() === '') return []
  const cores: number[] = []
  for (const part of text.split(',')) {
    const [, first, last = first] = /^\s*(\d+)(?:-(\d+))?\s*$/.exec(part) ?? []
    if (!isCore(Number(first)) || !isCore(Number(last)) || Number(first) > Number(last)) return null
    for (let core = Number(first); core <= Number(last); core++) cores.push(core)
  }
  return cores
}

function isCore(core: unknown): core is number {
  return typeof core === 'number' && Number.isInteger(core) && core >= 0 && core < MOST_CORES
}

/** As many as the kernel can be built for. */
const MOST_CORES = 8_192
