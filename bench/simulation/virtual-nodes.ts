import { VirtualNode } from './virtual-node.ts'
import type { Sent } from './virtual-run.ts'

/** What the nodes are asked for: to take what was sent to them, and to say what they have to say at that time. */
export interface Question {
  readonly now: number
  readonly sent: readonly Sent[]
  /** Nodes of these numbers tell what has ended on them … */
  readonly from: number
  readonly to: number
  /** … and look. */
  readonly look: boolean
}

/** Bytes of the channel, and how many attempts have been started on all nodes so far. */
export interface Answer {
  readonly bytes: Uint8Array
  readonly attempts: number
}

/** All virtual nodes, in a process of their own: what they cost is nothing of the supervisor's. `virtual-nodes.ts COUNT` */
const nodes = Array.from({ length: Number(process.argv[2]) }, (_, number) => new VirtualNode(number))
const byName = new Map(nodes.map(node => [node.name, node]))

process.on('message', (question: Question) => {
  const bytes = Buffer.from(answers(question).join(''), 'latin1')
  const attempts = nodes.reduce((sum, node) => sum + node.attempts, 0)
  process.send?.({ bytes, attempts } satisfies Answer)
})
const hello = nodes.map(node => node.hello()).join('')
process.send?.({ bytes: Buffer.from(hello, 'latin1'), attempts: 0 } satisfies Answer)

function answers({ now, sent, from, to, look }: Question): string[] {
  const frames = sent.map(({ node, message }) => byName.get(node)?.receive(message, now) ?? '')
  for (const node of nodes.slice(from, to)) frames.push(node.due(now), look ? node.look(now) : '')
  return frames
}
