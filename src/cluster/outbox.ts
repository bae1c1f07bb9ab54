import type { Channel } from './channel.ts'
import { EVERYONE } from './frames.ts'
import type { ToAgent } from './messages.ts'

/** A message for the agent of one node. */
export interface Letter {
  readonly channel: Pick<Channel, 'send'>
  readonly node: string
  readonly message: ToAgent
}

/**
 * What is said to all agents of a channel at once goes down once: srun gives what it reads to every node, so a frame for each
 * of n nodes would be n × n frames to read.
 */
export class Outbox {
  readonly #listeners: (channel: Letter['channel']) => number
  #gathered: Letter[] | null = null

  /** @param listeners how many agents of a channel are alive, whether they have begun or not */
  constructor(listeners: (channel: Letter['channel']) => number) {
    this.#listeners = listeners
  }

  send(letter: Letter): void {
    if (this.#gathered === null) letter.channel.send(letter.node, letter.message)
    else this.#gathered.push(letter)
  }

  /** What `work` sends is sent when it has returned. */
  together(work: () => void): void {
    const gathered: Letter[] = []
    this.#gathered = gathered
    try {
      work()
    } finally {
      this.#gathered = null
      for (const letters of byChannel(gathered)) this.#deliver(letters)
    }
  }

  /** An agent that has not begun is told nothing yet, so as long as there is one the others are told one by one. */
  #deliver(letters: readonly Letter[]): void {
    const [first] = letters
    if (first === undefined) return
    const isForAll = letters.length > 1 && letters.length === this.#listeners(first.channel)
    const texts = isForAll ? new Set(letters.map(({ message }) => JSON.stringify(message))) : null
    if (texts?.size === 1) first.channel.send(EVERYONE, first.message)
    else for (const { channel, node, message } of letters) channel.send(node, message)
  }
}

function byChannel(letters: readonly Letter[]): Iterable<readonly Letter[]> {
  const lists = new Map<Letter['channel'], Letter[]>()
  for (const letter of letters) {
    const list = lists.get(letter.channel)
    if (list) list.push(letter)
    else lists.set(letter.channel, [letter])
  }
  return lists.values()
}
