import type { NodeName, Snapshot, TaskDefinition, TaskName } from './model.ts'
import { boundElsewhere, nextReadyAt } from './queue.ts'
import type { RunView, TaskState, View } from './run-state.ts'
import { gpusNeededIn, type Lack, neededIn, PRESSED } from './schedule/fitting.ts'
import { BUSY, HELD } from './schedule/levels.ts'
import { usedWhenShort, withMemoryNeed } from './schedule/memory-need.ts'
import { planOf } from './schedule/plan.ts'
import { haveCores, wantsOf } from './schedule/ranks.ts'
import type { Room } from './schedule/room.ts'
import type { Blocked, StartPlan } from './schedule/start.ts'
import { formatDuration, formatSize } from './units.ts'
import { unreachable } from './unreachable.ts'

/**
 * Why pending items of a task do not run now, as a user should read it; empty: nothing of it is pending.
 * Asks the scheduler itself what it would start, so that the reasons are those that hold.
 */
export function explain(state: RunView, snapshot: Snapshot, now: number, name: TaskName): string[] {
  const task = state.tasks.get(name)
  if (task === undefined || task.pendingCount === 0) return []
  const plan = planOf(state, snapshot, now)
  const startable = plan.starts.filter(({ item }) => state.items.get(item)?.task === name).length
  if (startable > 0) {
    return [`${startable} of ${task.pendingCount} can start now`, ...elsewhereTexts(state, task)]
  }
  const hindrance = plan.hindered.get(name)
  const blocked = plan.blocked.get(name) ?? []
  const reasons = [
    ...(hindrance === undefined ? [] : [hindrance.text]),
    ...(task.definition === null
      ? []
      : allBlockedTexts(withMemoryNeed(state, snapshot, task.definition), blocked, plan)),
    ...(blocked.some(({ lacks }) => lacks.has('memory')) ? memoryNeedTexts(task) : []),
    ...elsewhereTexts(state, task),
    ...queueTexts(state, task, now),
  ]
  return reasons.length > 0 ? reasons : ['its turn has not come yet']
}

/** So many nodes to which items are bound are told of one by one. */
const MOST_NODES = 3

/** Items whose files are on nodes that this launch has not (yet), or has not any more. */
export function elsewhereTexts(state: RunView, task: View<TaskState>): string[] {
  const nodes = boundElsewhere(state, task).map(([node]) => node)
  return onNodesTexts(nodes, () => 'has not joined this launch')
}

function onNodesTexts(nodes: readonly NodeName[], reasonOf: (node: NodeName) => string): string[] {
  const told = nodes.slice(0, MOST_NODES).map(node => `its files are on ${node}, which ${reasonOf(node)}`)
  const more = nodes.length - told.length
  return more > 0 ? [...told, `and so on for ${more} more ${more === 1 ? 'node' : 'nodes'}`] : told
}

function allBlockedTexts(definition: TaskDefinition, blocked: readonly Blocked[], plan: StartPlan): string[] {
  const byNode = new Map(blocked.map(each => [each.node, each]))
  const anywhere = byNode.get(null)
  const nodes = [...byNode.keys()].filter(node => node !== null)
  const reasonOf = (node: NodeName) => {
    const rooms = plan.rooms.filter(room => room.node === node)
    const each = byNode.get(node)
    if (rooms.length === 0 || each === undefined) return 'reports nothing at present'
    return `has no room: ${blockedTexts(definition, each, { ...plan, rooms }).join('; ')}`
  }
  return [
    ...(anywhere === undefined ? [] : blockedTexts(definition, anywhere, plan)),
    ...onNodesTexts(nodes, reasonOf),
  ]
}

function blockedTexts(definition: TaskDefinition, blocked: Blocked, plan: StartPlan): string[] {
  if (plan.rooms.length === 0) return ['no node has reported yet']
  const texts = [...blocked.lacks].map(lack => lackText(lack, definition, plan.rooms))
  const others = new Set(
    plan.starts.slice(0, blocked.behind).map(({ item }) => item.slice(0, item.lastIndexOf('#'))),
  )
  others.delete(definition.name)
  return others.size === 0 ? texts : [...texts, `waits behind ${[...others].join(', ')}`]
}

function lackText(lack: Lack, definition: TaskDefinition, rooms: readonly Room[]): string {
  switch (lack) {
    case 'cores':
      return coresText(definition, rooms)
    case 'gpus':
      return gpusText(definition, rooms)
    case 'nodes':
      return nodesText(definition, rooms)
    case 'maxCpus':
      return `attempts may use at most ${rooms[0]?.maxCpus ?? 0} cores of a node (max-cpus)`
    case 'heldBack':
      return rooms.find(({ look }) => look.heldBack != null)?.look.heldBack?.reason ?? 'odop backs off'
    case 'memory':
      return memoryText(definition, rooms)
    case 'ioBound':
      return atATimeText('ioBound', rooms[0]?.settings.maxIoBound ?? 1)
    case 'ioPressure':
      return pressureText(rooms)
    case 'networkBound':
      return atATimeText('networkBound', rooms[0]?.settings.maxNetworkBound ?? 1)
    case 'kept':
      return 'the free cores are kept for an item that has waited longer'
    default:
      return unreachable(lack)
  }
}

function coresText(definition: TaskDefinition, rooms: readonly Room[]): string {
  const best = rooms.reduce((most, room) => (room.idle + room.shared > most.idle + most.shared ? room : most))
  const { usable } = best.layout
  const needed = neededIn(best, definition)
  const free = best.idle + best.shared
  const held = usable.filter(core => ((best.levels[core] ?? BUSY) & HELD) !== 0).length
  const inUse = usable.filter(core => best.levels[core] === BUSY).length
  const why = [
    held > 0 && `${held} held by attempts`,
    inUse > 0 && `${inUse} in use by the application or not idle for long enough`,
    usable.length > free + held + inUse && `${usable.length - free - held - inUse} for items that go first`,
  ].filter(part => part !== false)
  const cores = `${needed} free ${needed === 1 ? 'core' : 'cores'}`
  return `needs ${cores} on a node; the most is ${free} (of ${usable.length}: ${why.join(', ')})`
}

function gpusText(definition: TaskDefinition, rooms: readonly Room[]): string {
  const best = rooms.reduce((most, room) => (room.freeGpus.length > most.freeGpus.length ? room : most))
  if (rooms.every(({ look }) => look.gpus === undefined)) return 'needs a GPU; nothing is known of them yet'
  const needed = gpusNeededIn(best, definition)
  const { gpus = [] } = best.look
  const busy = gpus.filter(({ judged }) => judged === 'busy').length
  const held = [...best.load.attempts.values()].flatMap(({ placement }) => placement.gpus ?? []).length
  const others = gpus.length - best.freeGpus.length - busy - held
  const why = [
    held > 0 && `${held} held by attempts`,
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
  const cores = (count: unknown) => `${count} free ${count === 1 ? 'core' : 'cores'} each`
  if (mpi.nodes === null)
    return `needs ${mpi.ranks} ranks with ${cores(mpi.cpusPerRank)}; there is room for ${have}`
  const wants = wantsOf(mpi, rooms)
  const nodes = wants === 1 ? '1 node' : `${wants} nodes`
  return `needs ${nodes} with ${cpus === 'all' ? 'all cores free' : cores(cpus)}; ${have} ${have === 1 ? 'has' : 'have'} them`
}

function atATimeText(kind: 'ioBound' | 'networkBound', most: number): string {
  const running = most === 1 ? `one ${kind} attempt is running` : `${most} ${kind} attempts are running`
  return `${running} already, and a node takes ${most === 1 ? 'one' : most} at a time`
}

function pressureText(rooms: readonly Room[]): string {
  const least = Math.min(...rooms.map(({ look }) => look.ioPressure ?? 1))
  const limit = `nothing ioBound starts from ${formatPercent(PRESSED)} on`
  return `processes are kept waiting for I/O ${formatPercent(least)} of the time, and ${limit}`
}

function formatPercent(share: number): string {
  return `${Math.round(share * 100)} %`
}

/** Why a task needs memory that its definition does not ask for. */
function memoryNeedTexts(task: View<TaskState>): string[] {
  const used = usedWhenShort(task)
  if (used === null) return []
  return [
    `an attempt had used ${formatSize(used)} when memory was short, and it is tried again with a quarter more`,
  ]
}

function memoryText({ memoryBytes }: TaskDefinition, rooms: readonly Room[]): string {
  const most = rooms.reduce((largest, room) => Math.max(largest, room.memory), 0)
  if (memoryBytes === null) return 'no memory is left besides the reserve'
  return `needs ${formatSize(memoryBytes)} of memory; the most that a node has left is ${formatSize(most)}`
}

function queueTexts(state: RunView, task: View<TaskState>, now: number): string[] {
  const texts: string[] = []
  const readyAt = nextReadyAt(state, task)
  if (readyAt !== null && readyAt > now) {
    texts.push(`waits ${formatDuration((readyAt - now) / 1000)} before it is tried again`)
  }
  const beyond = task.definition === null ? 0 : itemsBeyondLimit(state, task)
  if (beyond > 0) texts.push(`${beyond} more than the ${task.queueLimit} that a run takes (maxRuns)`)
  return texts
}

function itemsBeyondLimit(state: RunView, task: View<TaskState>): number {
  if (task.queueLimit === null) return 0
  let beyond = 0
  for (const item of state.items.values()) {
    if (item.task === task.name && item.number > task.queueLimit) beyond += 1
  }
  return beyond
}
