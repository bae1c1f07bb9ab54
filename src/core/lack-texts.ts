import type { TaskDefinition, TaskName } from './model.ts'
import { gpusNeededIn, type Lack, neededIn, PRESSED } from './schedule/fitting.ts'
import { BUSY, HELD } from './schedule/levels.ts'
import { haveCores, wantsOf } from './schedule/ranks.ts'
import type { Room } from './schedule/room.ts'
import { formatClock, formatSize, inText, untilText } from './units.ts'
import { unreachable } from './unreachable.ts'

/**
 * Why an item of a task fits no room, as a user should read it: what it needs, what there is, and what has the rest.
 *
 * @param rooms in which it may start, at least one
 */
export function lackText(
  lack: Lack,
  definition: TaskDefinition,
  { rooms, now }: { readonly rooms: readonly Room[]; readonly now: number },
): string {
  switch (lack) {
    case 'cores':
      return coresText(definition, rooms)
    case 'gpus':
      return gpusText(definition, rooms)
    case 'nodes':
      return nodesText(definition, rooms)
    case 'maxCpus':
      return maxCpusText(definition, rooms)
    case 'heldBack':
      return heldBackText(rooms, now)
    case 'memory':
      return memoryText(definition, rooms)
    case 'ioBound':
      return atATimeText('ioBound', rooms)
    case 'ioPressure':
      return pressureText(rooms)
    case 'networkBound':
      return atATimeText('networkBound', rooms)
    case 'kept':
      return keptText(rooms, now)
    default:
      return unreachable(lack)
  }
}

function coresText(definition: TaskDefinition, rooms: readonly Room[]): string {
  const best = mostOf(rooms, room => room.idle + room.shared)
  const { usable } = best.layout
  const needed = neededIn(best, definition)
  const free = best.idle + best.shared
  const held = usable.filter(core => ((best.levels[core] ?? BUSY) & HELD) !== 0).length
  const busy = busyCores(best)
  const others = usable.length - free - held - busy.inUse - busy.tooShort - busy.beside
  const why = [
    held > 0 && `${held} held by attempts${ofTasks(holders(best))}`,
    busy.inUse > 0 && `${busy.inUse} in use by the application`,
    busy.tooShort > 0 && `${busy.tooShort} not idle for long enough`,
    busy.beside > 0 && `${busy.beside} with a hardware thread in use`,
    others > 0 && `${others} for items that go first`,
  ].filter(part => part !== false)
  return `needs ${coresOf(needed)} on a node; the most is ${free} (of ${usable.length}: ${why.join(', ')})`
}

/** Cores that no attempt holds and on which none may start, by why. */
function busyCores({ layout, levels, look, settings }: Room) {
  const looks = new Map(look.cores.map(each => [each.core, each]))
  const counts = { inUse: 0, tooShort: 0, beside: 0 }
  for (const core of layout.usable) {
    if (levels[core] !== BUSY) continue
    const seen = looks.get(core)
    if (seen !== undefined && seen.foreignShare >= settings.idleThreshold) counts.inUse += 1
    else if (seen?.judged === 'idle') counts.beside += 1
    else counts.tooShort += 1
  }
  return counts
}

function holders({ load }: Room): TaskName[] {
  return [...load.attempts.values()].map(({ task }) => task)
}

/** So many tasks are named. */
const MOST_TASKS = 3

/** ` of a, b, c and 2 more tasks`; empty: of none. */
function ofTasks(tasks: readonly TaskName[]): string {
  return tasks.length === 0 ? '' : ` of ${fewTasks(tasks)}`
}

/** `a, b, c and 2 more tasks`, each once. */
export function fewTasks(tasks: readonly TaskName[]): string {
  const names = [...new Set(tasks)].sort()
  const more = names.length - MOST_TASKS
  if (more <= 0) return names.join(', ')
  return `${names.slice(0, MOST_TASKS).join(', ')} and ${more} more ${more === 1 ? 'task' : 'tasks'}`
}

function gpusText(definition: TaskDefinition, rooms: readonly Room[]): string {
  const best = mostOf(rooms, room => room.freeGpus.length)
  if (rooms.every(({ look }) => look.gpus === undefined)) return 'needs a GPU; nothing is known of them yet'
  const needed = gpusNeededIn(best, definition)
  const { gpus = [] } = best.look
  const busy = gpus.filter(({ judged }) => judged === 'busy').length
  const holding = [...best.load.attempts.values()].filter(({ placement }) => placement.gpus !== undefined)
  const held = holding.flatMap(({ placement }) => placement.gpus ?? []).length
  const others = gpus.length - best.freeGpus.length - busy - held
  const why = [
    held > 0 && `${held} held by attempts${ofTasks(holding.map(({ task }) => task))}`,
    busy > 0 && `${busy} in use by the application or not idle for long enough`,
    others > 0 && `${others} for items that go first`,
  ].filter(part => part !== false)
  const idle = `${needed} idle ${needed === 1 ? 'GPU' : 'GPUs'}`
  const most = `the most is ${best.freeGpus.length} (of ${gpus.length}: ${why.join(', ')})`
  return `needs ${idle} on a node; ${most}`
}

function nodesText(definition: TaskDefinition, rooms: readonly Room[]): string {
  const { cpus, mpi } = definition
  if (mpi == null) return ''
  const have = haveCores(definition, mpi, rooms)
  const cores = (count: number | 'any') => `${count === 'any' ? 'a free core' : coresOf(count)} each`
  if (mpi.nodes === null)
    return `needs ${mpi.ranks} ranks with ${cores(mpi.cpusPerRank)}; there is room for ${have}`
  const wants = wantsOf(mpi, rooms)
  const nodes = wants === 1 ? '1 node' : `${wants} nodes`
  const of = `${have} of ${rooms.length} ${have === 1 ? 'has' : 'have'} them`
  return `needs ${nodes} with ${cpus === 'all' ? 'all cores free' : cores(cpus)}; ${of}`
}

function maxCpusText(definition: TaskDefinition, rooms: readonly Room[]): string {
  const best = mostOf(rooms, room => room.allowed)
  const limit = best.maxCpus ?? 0
  const held = best.load.cores.size
  const cores = limit === 1 ? 'one core' : `${limit} cores`
  const most = `attempts may use at most ${cores} of a node (max-cpus)`
  return held === 0
    ? `${most}, and it needs ${neededIn(best, definition)}`
    : `${most}, and hold ${held}: those${ofTasks(holders(best))}`
}

/** It is the least time that counts: what comes then depends on how the application does. */
function heldBackText(rooms: readonly Room[], now: number): string {
  const { heldBack } = mostOf(rooms, room => room.allowed).look
  if (heldBack == null) return 'odop backs off'
  const { allowedCores, reason, until } = heldBack
  const cores = allowedCores === 0 ? 'no core' : allowedCores === 1 ? 'one core' : `${allowedCores} cores`
  const when =
    until === undefined || until <= now
      ? 'until it is under half of what is allowed'
      : `${untilText(until, now)} at least`
  return `${reason}; attempts may use ${cores} of a node ${when}`
}

function atATimeText(kind: 'ioBound' | 'networkBound', rooms: readonly Room[]): string {
  const least = mostOf(rooms, room => -room[kind])
  const { maxIoBound, maxNetworkBound } = least.settings
  const [most, setting] =
    kind === 'ioBound' ? [maxIoBound, 'max-io-bound'] : [maxNetworkBound, 'max-network-bound']
  const running = [...least.load.attempts.values()].flatMap(({ attempt, definition }) =>
    definition?.[kind] ? [attempt] : [],
  )
  const names = running.length === 0 ? '' : ` (${running.slice(0, MOST_TASKS).join(', ')})`
  const are = most === 1 ? `one ${kind} attempt is` : `${most} ${kind} attempts are`
  return `${are} running already${names}, and a node takes ${most === 1 ? 'one' : most} at a time (${setting})`
}

function pressureText(rooms: readonly Room[]): string {
  const least = Math.min(...rooms.map(({ look }) => look.ioPressure ?? 1))
  const limit = `nothing ioBound starts from ${formatPercent(PRESSED)} on`
  return `processes are kept waiting for I/O ${formatPercent(least)} of the time, and ${limit}`
}

function formatPercent(share: number): string {
  return `${Math.round(share * 100)} %`
}

function memoryText({ memoryBytes }: TaskDefinition, rooms: readonly Room[]): string {
  const best = mostOf(rooms, room => (memoryBytes === null ? room.availableMemory : room.memory))
  const reserve = formatSize(best.settings.memoryReserveBytes)
  if (memoryBytes === null) return `no memory is left besides the reserve of ${reserve} (memory-reserve)`
  const promised = best.availableMemory - best.memory
  const why = [
    `besides the reserve of ${reserve}`,
    ...(promised > 0 ? [`and ${formatSize(promised)} that running attempts may still take`] : []),
  ].join(' ')
  const left = formatSize(Math.max(0, best.memory))
  return `needs ${formatSize(memoryBytes)} of memory; the most that a node has left is ${left}, ${why}`
}

function keptText(rooms: readonly Room[], now: number): string {
  const kept = rooms.flatMap(room => room.kept ?? [])[0]
  if (kept === undefined) return 'the free cores are kept for an item that has waited longer'
  const what = `the free cores are kept for ${kept.task}, which has waited longer`
  return kept.until === null
    ? `${what} and starts when enough attempts have ended: they have no time limit (time), so nobody knows when`
    : `${what} and starts at ${formatClock(kept.until)} UTC at the latest (${inText(kept.until, now)}): what is over by then (time) may go first`
}

function coresOf(count: number): string {
  return count === 1 ? '1 free core' : `${count} free cores`
}

/** Of equals the first. */
function mostOf(rooms: readonly Room[], has: (room: Room) => number): Room {
  return rooms.reduce((most, room) => (has(room) > has(most) ? room : most))
}
