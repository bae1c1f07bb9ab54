import { expect, test } from 'vitest'
import type { ToAgent } from '../../src/cluster/messages.ts'
import { Outbox } from '../../src/cluster/outbox.ts'

const beat: ToAgent = { type: 'beat' }
const slowly: ToAgent = { type: 'pace', milliseconds: 1000 }

/** An outbox with two channels of so many agents each, and what goes down them. */
function rig(listeners: number) {
  const sent: string[] = []
  const channels = ['A', 'B'].map(name => ({
    send: (node: string, { type }: ToAgent) => sent.push(`${name} ${node} ${type}`),
  }))
  const outbox = new Outbox(() => listeners)
  const tell = (channel: number, node: string, message: ToAgent) =>
    outbox.send({ channel: channels[channel] ?? { send: () => {} }, node, message })
  return { sent, outbox, tell }
}

test('what is for all agents of a channel goes down it once', () => {
  const { sent, outbox, tell } = rig(2)
  outbox.together(() => {
    for (const channel of [0, 1]) for (const node of ['n1', 'n2']) tell(channel, node, beat)
  })
  expect(sent).toEqual(['A * beat', 'B * beat'])
})

test.each([
  [
    'some have not begun',
    3,
    [
      ['n1', beat],
      ['n2', beat],
    ],
  ],
  [
    'they are told different things',
    2,
    [
      ['n1', beat],
      ['n2', slowly],
    ],
  ],
  ['there is one only', 1, [['n1', beat]]],
] as const)('each is told by itself when %s', (_, listeners, letters) => {
  const { sent, outbox, tell } = rig(listeners)
  outbox.together(() => {
    for (const [node, message] of letters) tell(0, node, message)
  })
  expect(sent).toEqual(letters.map(([node, { type }]) => `A ${node} ${type}`))
})

test('what is said on its own goes down at once, also after something was thrown', () => {
  const { sent, outbox, tell } = rig(2)
  expect(() =>
    outbox.together(() => {
      tell(0, 'n1', beat)
      throw new Error('a bug')
    }),
  ).toThrow('a bug')
  tell(0, 'n2', slowly)
  expect(sent).toEqual(['A n1 beat', 'A n2 pace'])
})
