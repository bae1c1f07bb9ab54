import type { ItemId, NodeName, Snapshot, TaskDefinition, TaskName } from './model.ts'
import { type PendingItems, pendingItems } from './pending.ts'
import { boundElsewhere } from './queue.ts'
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

/** Pending items of a task that wait for the same. */
export interface Waiting {
  readonly items: number
  /** As a user should read it: all of these hold; never empty. */
  readonly reasons: readonly string[]
  /** They do not wait any more: the next decision starts them. */
  readonly startable?: true
}

/**
 * Why pending items of a task do not run now, as a user should read it; empty: nothing of it is pending. Where they wait for different
 * things, how many wait for each.
 */
export function explain(state: RunView, snapshot: Snapshot, now: number, name: TaskName): string[] {
  return waitingTexts(waitingItems(state, snapshot, now, name))
}

export function waitingTexts(groups: readonly Waiting[]): string[] {
  const total = groups.reduce((sum, { items }) => sum + items, 0)
  const [first] = groups
  if (first !== undefined && groups.length === 1 && !first.startable) return [...first.reasons]
  return groups.map(({ items, reasons, startable }) =>
    startable ? `${items} of ${total} ${reasons.join('; ')}` : `${items} of ${total}: ${reasons.join('; ')}`,
  )
}

/**
 * All pending items of a task, grouped by what they wait for. Asks the scheduler itself what it would start, so that the reasons are
 * those that hold.
 */
export function waitingItems(state: RunView, snapshot: Snapshot, now: number, name: TaskName): Waiting[] {
  const task = state.tasks.get(name)
  if (task === undefined || task.pendingCount === 0) return []
  const plan = planOf(state, snapshot, now)
  const pending = pendingItems(state, task, now)
  const hindrance = plan.hindered.get(name)
  // Nothing of the task starts, whatever becomes of its items: that comes before what each waits for.
  if (hindrance !== undefined && hindrance.kind !== 'replicas') {
    const others = [...retryTexts(state, task, pending, now), ...beyondTexts(task, pending)]
    return [{ items: task.pendingCount, reasons: [hindrance.text, ...others] }]
  }
  return [
    ...dueGroups({ state, snapshot, task, plan, pending }),
    ...group(pending.retrying.length, retryTexts(state, task, pending, now)),
    ...elsewhereGroups(pending),
    ...group(pending.beyond, beyondTexts(task, pending)),
  ]
}

function group(items: number, reasons: readonly string[]): Waiting[] {
  return items > 0 ? [{ items, reasons }] : []
}

interface DueQuestion {
  readonly state: RunView
  readonly snapshot: Snapshot
  readonly task: View<TaskState>
  readonly plan: StartPlan
  readonly pending: PendingItems
}

/** What could start if there was room: what the plan starts of it, and what it does not. */
function dueGroups({ state, snapshot, task, plan, pending }: DueQuestion): Waiting[] {
  const { starts, follows } = takenBy(plan, state, task.name)
  const taken = new Map<NodeName | null, number>()
  for (const item of [...starts, ...follows]) {
    const node = state.items.get(item)?.node ?? null
    taken.set(node, (taken.get(node) ?? 0) + 1)
  }
  const left = [...pending.due].flatMap(([node, due]) => {
    const items = due - (taken.get(node) ?? 0)
    return items > 0 ? [{ node, items }] : []
  })
  return [
    ...(starts.length > 0
      ? [{ items: starts.length, reasons: ['can start now'], startable: true as const }]
      : []),
    ...group(follows.length, ['start next, in the runners of attempts that are about to end']),
    ...leftGroups(left, { state, snapshot, task, plan, pending }),
  ]
}

function takenBy(plan: StartPlan, state: RunView, name: TaskName): { starts: ItemId[]; follows: ItemId[] } {
  const isOfTask = (item: ItemId) => state.items.get(item)?.task === name
  const followers = plan.follows.flatMap(({ items }) => items.map(({ item }) => item))
  return { starts: plan.starts.map(({ item }) => item).filter(isOfTask), follows: followers.filter(isOfTask) }
}

interface Left {
  /** To which these items are bound; null: to none. */
  readonly node: NodeName | null
  readonly items: number
}

function leftGroups(left: readonly Left[], { state, snapshot, task, plan }: DueQuestion): Waiting[] {
  const { definition } = task
  const hindrance = plan.hindered.get(task.name)
  const all = left.reduce((sum, { items }) => sum + items, 0)
  if (hindrance !== undefined || definition === null) return group(all, [hindrance?.text ?? NO_TURN])
  const blocked = plan.blocked.get(task.name) ?? []
  const needed = withMemoryNeed(state, snapshot, definition)
  const memory = (by: Blocked | undefined) => (by?.lacks.has('memory') ? memoryNeedTexts(task) : [])
  const reasonsOf = ({ node }: Left): string[] => {
    const by = blocked.find(each => each.node === node)
    if (node !== null) return [boundText(node, needed, by, plan), ...memory(by)]
    const texts = by === undefined ? [] : blockedTexts(needed, by, plan)
    return texts.length === 0 ? [NO_TURN] : [...texts, ...memory(by)]
  }
  return fewNodes(left, reasonsOf)
}

const NO_TURN = 'its turn has not come yet'

/** So many nodes to which items are bound are told of one by one. */
const MOST_NODES = 3

function fewNodes(all: readonly Left[], reasonsOf: (left: Left) => string[]): Waiting[] {
  const bound = all.filter(({ node }) => node !== null)
  const told = [...all.filter(({ node }) => node === null), ...bound.slice(0, MOST_NODES)]
  const rest = bound.slice(MOST_NODES)
  const items = rest.reduce((sum, each) => sum + each.items, 0)
  const more = `and so on for ${rest.length} more ${rest.length === 1 ? 'node' : 'nodes'}`
  return [...told.map(each => ({ items: each.items, reasons: reasonsOf(each) })), ...group(items, [more])]
}

function boundText(
  node: NodeName,
  definition: TaskDefinition,
  blocked: Blocked | undefined,
  plan: StartPlan,
): string {
  const rooms = plan.rooms.filter(room => room.node === node)
  if (rooms.length === 0 || blocked === undefined) return onNode(node, 'reports nothing at present')
  return onNode(node, `has no room: ${blockedTexts(definition, blocked, { ...plan, rooms }).join('; ')}`)
}

/** Items whose files are on nodes that this launch has not (yet), or has not any more. */
export function elsewhereTexts(state: RunView, task: View<TaskState>): string[] {
  const elsewhere = new Map(boundElsewhere(state, task))
  return elsewhereGroups({ elsewhere }).flatMap(({ reasons }) => reasons)
}

function elsewhereGroups({ elsewhere }: Pick<PendingItems, 'elsewhere'>): Waiting[] {
  const left = [...elsewhere].map(([node, items]) => ({ node, items }))
  return fewNodes(left, ({ node }) => [onNode(node ?? '', 'has not joined this launch')])
}

function onNode(node: NodeName, reason: string): string {
  return `its files are on ${node}, which ${reason}`
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

/** Until when they wait, and how many attempts they have left. */
function retryTexts(
  state: RunView,
  { definition }: View<TaskState>,
  { retrying }: PendingItems,
  now: number,
): string[] {
  const ordered = retrying.toSorted((a, b) => a.readyAt - b.readyAt)
  const [next, last] = [ordered[0], ordered.at(-1)]
  if (next === undefined || last === undefined) return []
  const until = (at: number) => `until ${clockText(at)} UTC (${formatDuration((at - now) / 1000)})`
  if (ordered.length > 1) {
    return [
      `wait before they are tried again, the next ${until(next.readyAt)}, the last ${until(last.readyAt)}`,
    ]
  }
  const most = 1 + (definition?.retries ?? state.settings.retries)
  return [
    `waits ${until(next.readyAt)} before it is tried again: ${next.failures} of ${most} attempts failed`,
  ]
}

function clockText(at: number): string {
  return new Date(at).toISOString().slice(11, 19)
}

function beyondTexts({ queueLimit }: View<TaskState>, { beyond }: PendingItems): string[] {
  return beyond > 0 ? [`${beyond} more than the ${queueLimit} that a run takes (maxRuns)`] : []
}
