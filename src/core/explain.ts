import { taskOf } from './ids.ts'
import { fewTasks, lackText } from './lack-texts.ts'
import type { ItemId, NodeName, Snapshot, TaskDefinition, TaskName } from './model.ts'
import { type PendingItems, pendingItems } from './pending.ts'
import { boundElsewhere } from './queue.ts'
import type { Reason } from './reasons.ts'
import type { RunView, TaskState, View } from './run-state.ts'
import { usedWhenShort, withMemoryNeed } from './schedule/memory-need.ts'
import { planOf } from './schedule/plan.ts'
import type { Blocked, StartPlan } from './schedule/start.ts'
import { formatSize, untilText } from './units.ts'

/** Pending items of a task that wait for the same. */
export interface Waiting {
  readonly items: number
  /** All of these hold; never empty. */
  readonly reasons: readonly Reason[]
}

/**
 * Why pending items of a task do not run now, as a user should read it; empty: nothing of it is pending. Where they wait for different
 * things, how many wait for each.
 */
export function explain(state: RunView, snapshot: Snapshot, now: number, name: TaskName): string[] {
  return waitingTexts(waitingItems(state, snapshot, now, name))
}

/** The same when a launch ends, and nothing starts any more. */
export function explainLeft(state: RunView, snapshot: Snapshot, now: number, name: TaskName): string[] {
  const groups = waitingItems(state, snapshot, now, name)
  return waitingTexts(groups.map(group => (isStartable(group) ? { ...group, reasons: [TOO_LATE] } : group)))
}

const TOO_LATE: Reason = {
  kind: 'too-late',
  text: 'nothing is in the way any more, but the launch ends before they can start',
}

function waitingTexts(groups: readonly Waiting[]): string[] {
  const total = groups.reduce((sum, { items }) => sum + items, 0)
  return groups.flatMap(group => {
    const texts = group.reasons.map(({ text }) => text)
    if (isStartable(group)) return [`${group.items} of ${total} ${texts.join('; ')}`]
    return groups.length === 1 ? texts : [`${group.items} of ${total}: ${texts.join('; ')}`]
  })
}

function isStartable({ reasons }: Waiting): boolean {
  return reasons[0]?.kind === 'startable'
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
    const others = [...retryReasons(state, task, pending, now), ...beyondReasons(task, pending)]
    return [{ items: task.pendingCount, reasons: [hindrance, ...others] }]
  }
  return [
    ...dueGroups({ state, snapshot, now, task, plan, pending }),
    ...group(pending.retrying.length, retryReasons(state, task, pending, now)),
    ...elsewhereGroups(pending),
    ...group(pending.beyond, beyondReasons(task, pending)),
  ]
}

function group(items: number, reasons: readonly Reason[]): Waiting[] {
  return items > 0 ? [{ items, reasons }] : []
}

interface DueQuestion {
  readonly state: RunView
  readonly snapshot: Snapshot
  readonly now: number
  readonly task: View<TaskState>
  readonly plan: StartPlan
  readonly pending: PendingItems
}

/** What could start if there was room: what the plan starts of it, and what it does not. */
function dueGroups(question: DueQuestion): Waiting[] {
  const { state, task, plan, pending } = question
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
    ...group(starts.length, [{ kind: 'startable', text: 'can start now' }]),
    ...group(follows.length, [FOLLOWS]),
    ...leftGroups(left, question),
  ]
}

const FOLLOWS: Reason = {
  kind: 'follows',
  text: 'start next, in the runners of attempts that are about to end',
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

function leftGroups(left: readonly Left[], { state, snapshot, now, task, plan }: DueQuestion): Waiting[] {
  const { definition } = task
  const hindrance = plan.hindered.get(task.name)
  const all = left.reduce((sum, { items }) => sum + items, 0)
  if (hindrance !== undefined) return group(all, [hindrance])
  if (definition === null) return []
  if (snapshot.proposed != null) return group(all, [ownPolicyReason(state, task, snapshot.proposed)])
  const blocked = plan.blocked.get(task.name) ?? []
  const needed = withMemoryNeed(state, snapshot, definition)
  const memory = (by: Blocked | undefined) => (by?.lacks.has('memory') ? memoryUsedReasons(task) : [])
  const reasonsOf = ({ node }: Left): Reason[] => {
    const by = blocked.find(each => each.node === node)
    if (node !== null) return [boundReason(node, by, { definition: needed, plan, now }), ...memory(by)]
    if (by === undefined) return [behindReason(plan.starts, definition) ?? NEXT]
    return [...blockedReasons(by, { definition: needed, plan, now }), ...memory(by)]
  }
  return fewNodes(left, reasonsOf)
}

/** One decision starts a limited number of items; the next one goes on. */
const NEXT: Reason = { kind: 'startable', text: 'can start as soon as those have started' }

function ownPolicyReason(
  state: RunView,
  { name }: View<TaskState>,
  proposed: NonNullable<Snapshot['proposed']>,
): Reason {
  const isChosen = proposed.some(({ item }) => state.items.get(item)?.task === name)
  const text = isChosen
    ? 'has chosen it, but what it wants for it is not free at present'
    : 'has not chosen it yet'
  return { kind: 'own-policy', text: `your policy ${state.settings.policy} ${text}` }
}

/** So many nodes to which items are bound are told of one by one. */
const MOST_NODES = 3

function fewNodes(all: readonly Left[], reasonsOf: (left: Left) => Reason[]): Waiting[] {
  const bound = all.filter(({ node }) => node !== null)
  const told = [...all.filter(({ node }) => node === null), ...bound.slice(0, MOST_NODES)]
  const rest = bound.slice(MOST_NODES)
  const items = rest.reduce((sum, each) => sum + each.items, 0)
  const text = `and so on for ${rest.length} more ${rest.length === 1 ? 'node' : 'nodes'}`
  return [
    ...told.map(each => ({ items: each.items, reasons: reasonsOf(each) })),
    ...group(items, [{ kind: 'more-nodes', text }]),
  ]
}

interface Blocking {
  readonly definition: TaskDefinition
  readonly plan: StartPlan
  readonly now: number
}

function boundReason(node: NodeName, by: Blocked | undefined, blocking: Blocking): Reason {
  const rooms = blocking.plan.rooms.filter(room => room.node === node)
  if (rooms.length === 0 || by === undefined) return onNode('silent', node, 'reports nothing at present')
  const reasons = blockedReasons(by, { ...blocking, plan: { ...blocking.plan, rooms } })
  return onNode('bound', node, `has no room: ${reasons.map(({ text }) => text).join('; ')}`)
}

/** Items whose files are on nodes that this launch has not (yet), or has not any more. */
export function elsewhereTexts(state: RunView, task: View<TaskState>): string[] {
  const elsewhere = new Map(boundElsewhere(state, task))
  return elsewhereGroups({ elsewhere }).flatMap(({ reasons }) => reasons.map(({ text }) => text))
}

function elsewhereGroups({ elsewhere }: Pick<PendingItems, 'elsewhere'>): Waiting[] {
  const left = [...elsewhere].map(([node, items]) => ({ node, items }))
  return fewNodes(left, ({ node }) => [onNode('elsewhere', node ?? '', 'has not joined this launch')])
}

function onNode(kind: Reason['kind'], node: NodeName, text: string): Reason {
  return { kind, text: `its files are on ${node}, which ${text}` }
}

function blockedReasons({ lacks, behind }: Blocked, { definition, plan, now }: Blocking): Reason[] {
  const { starts } = plan
  const rooms = plan.rooms.filter(({ layout }) => layout.usable.length > 0)
  if (rooms.length === 0) return [{ kind: 'no-node', text: 'no node has reported yet' }]
  const reasons = [...lacks].map(lack => ({ kind: lack, text: lackText(lack, definition, { rooms, now }) }))
  const others = behindReason(starts.slice(0, behind), definition)
  return others === null ? reasons : [...reasons, others]
}

/** null: what starts before is of the same task. */
function behindReason(starts: StartPlan['starts'], { name }: TaskDefinition): Reason | null {
  const others = starts.map(({ item }) => taskOf(item)).filter(task => task !== name)
  return others.length === 0 ? null : { kind: 'behind', text: `waits behind ${fewTasks(others)}` }
}

/** Why a task needs memory that its definition does not ask for. */
function memoryUsedReasons(task: View<TaskState>): Reason[] {
  const used = usedWhenShort(task)
  if (used === null) return []
  const text = `an attempt had used ${formatSize(used)} when memory was short, and it is tried again with a quarter more`
  return [{ kind: 'memory-used', text }]
}

/** Until when they wait, and how many attempts they have left. */
function retryReasons(
  state: RunView,
  { definition }: View<TaskState>,
  { retrying }: PendingItems,
  now: number,
): Reason[] {
  const ordered = retrying.toSorted((a, b) => a.readyAt - b.readyAt)
  const [next, last] = [ordered[0], ordered.at(-1)]
  if (next === undefined || last === undefined) return []
  const until = ({ readyAt }: { readonly readyAt: number }) => untilText(readyAt, now)
  const most = 1 + (definition?.retries ?? state.settings.retries)
  const text =
    ordered.length > 1
      ? `wait before they are tried again, the next ${until(next)}, the last ${until(last)}`
      : `waits ${until(next)} before it is tried again: ${next.failures} of ${most} attempts failed`
  return [{ kind: 'retry', text }]
}

function beyondReasons({ queueLimit }: View<TaskState>, { beyond }: PendingItems): Reason[] {
  const text = `${beyond} more than the ${queueLimit} that a run takes (maxRuns)`
  return beyond > 0 ? [{ kind: 'max-runs', text }] : []
}
