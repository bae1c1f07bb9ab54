import type { AttemptId, AttemptSample, CoreId, CoreState, NodeSnapshot } from '../core/model.ts'

/**
 * A look as it goes through the channel. Thousands of nodes send one each second, and of its JSON nine tenths would be
 * cores and names of fields.
 */
export interface SentLook extends Omit<NodeSnapshot, 'cores' | 'attempts'> {
  /**
   * In the order of the node's facts, for each run of cores that are alike: how many, then three characters.
   *
   * - how they are judged: `b`usy, `s`hared, `i`dle; `-`: not looked at
   * - `busySeconds` in quarters, from `0` on; those over 10 s are all the same to decisions
   * - `foreignShare` in tenths, from `0` on
   */
  readonly cores: string
  readonly attempts: readonly SentSample[]
}

/** The fields of an `AttemptSample`. */
type SentSample = readonly [
  AttemptId,
  cpuSeconds: number,
  memoryBytes: number,
  mostRoomBytes?: number | null,
  writtenBytes?: number,
]

/** Rounded down: limits of decisions, such as half a second, are reached neither sooner nor later. */
const QUARTERS = 4
/** `[`: quotes and backslashes come after it, or before `0`, and would be escaped. */
const MOST_QUARTERS = 43
const TENTHS = 10
const ZERO = 48

const LETTERS = { busy: 'b', shared: 's', idle: 'i' } as const
const JUDGED: Readonly<Record<string, CoreState['judged'] | undefined>> = {
  b: 'busy',
  s: 'shared',
  i: 'idle',
}

/** @param cores of the node's facts */
export function sentLook(snapshot: NodeSnapshot, cores: readonly CoreId[]): SentLook {
  const states = new Map(snapshot.cores.map(state => [state.core, state]))
  const texts = cores.map(core => stateText(states.get(core)))
  return { ...snapshot, cores: runsOf(texts), attempts: snapshot.attempts.map(sentSample) }
}

/** Reads the looks of one node. Cores that have not changed are the same object as before. */
export class LookReader {
  readonly #cores: readonly CoreId[]
  #text = ''
  #states: readonly CoreState[] = []

  /** @param cores of the node's facts */
  constructor(cores: readonly CoreId[]) {
    this.#cores = cores
  }

  read(look: SentLook): NodeSnapshot {
    if (look.cores !== this.#text) {
      this.#text = look.cores
      this.#states = statesOf(look.cores, this.#cores)
    }
    return { ...look, cores: this.#states, attempts: look.attempts.map(readSample) }
  }
}

function stateText(state: CoreState | undefined): string {
  if (state === undefined) return '-00'
  const { judged, busySeconds = 0, foreignShare } = state
  const quarters = Math.min(MOST_QUARTERS, Math.floor(busySeconds * QUARTERS))
  const tenths = Math.min(TENTHS, Math.max(0, Math.round(foreignShare * TENTHS)))
  return LETTERS[judged] + String.fromCharCode(ZERO + quarters, ZERO + tenths)
}

function runsOf(texts: readonly string[]): string {
  let runs = ''
  for (let from = 0; from < texts.length; ) {
    let to = from + 1
    while (to < texts.length && texts[to] === texts[from]) to += 1
    runs += `${to - from}${texts[from]}`
    from = to
  }
  return runs
}

function statesOf(runs: string, cores: readonly CoreId[]): CoreState[] {
  const states: CoreState[] = []
  let at = 0
  for (const [, count, letter = '', quarters = '', tenths = ''] of runs.matchAll(/(\d+)(.)(.)(.)/g)) {
    const judged = JUDGED[letter]
    const busySeconds = (quarters.charCodeAt(0) - ZERO) / QUARTERS
    const foreignShare = (tenths.charCodeAt(0) - ZERO) / TENTHS
    for (const core of cores.slice(at, at + Number(count)))
      if (judged !== undefined) states.push({ core, foreignShare, judged, busySeconds })
    at += Number(count)
  }
  return states
}

function sentSample({
  attempt,
  cpuSeconds,
  memoryBytes,
  mostRoomBytes,
  writtenBytes,
}: AttemptSample): SentSample {
  const milliseconds = Math.round(cpuSeconds * 1000) / 1000
  if (writtenBytes !== undefined)
    return [attempt, milliseconds, memoryBytes, mostRoomBytes ?? null, writtenBytes]
  return mostRoomBytes === undefined
    ? [attempt, milliseconds, memoryBytes]
    : [attempt, milliseconds, memoryBytes, mostRoomBytes]
}

function readSample([
  attempt,
  cpuSeconds,
  memoryBytes,
  mostRoomBytes,
  writtenBytes,
]: SentSample): AttemptSample {
  return {
    attempt,
    cpuSeconds,
    memoryBytes,
    ...(mostRoomBytes == null ? {} : { mostRoomBytes }),
    ...(writtenBytes === undefined ? {} : { writtenBytes }),
  }
}
