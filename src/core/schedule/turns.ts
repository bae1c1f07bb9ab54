import type { NodeName, TaskDefinition } from '../model.ts'
import { lackOf, neededIn } from './fitting.ts'
import type { Room } from './room.ts'

/** Nodes take turns: each item goes to the next one that has room, over all tasks and calls. */
export class Turns {
  #last: NodeName | null
  /** Where it is among the rooms, most likely. */
  #at = 0

  /** @param last which node had the last turn; null: none had one */
  constructor(last: NodeName | null) {
    this.#last = last
  }

  /** One with enough idle cores before any on which cores have to be shared; null: none has room. */
  next(definition: TaskDefinition, rooms: readonly Room[], now: number): Room | null {
    const hasIdle = (room: Room) => neededIn(room, definition) <= room.idle
    const fits = (room: Room) => lackOf(room, definition, now) === null
    return this.#take(rooms, room => hasIdle(room) && fits(room)) ?? this.#take(rooms, fits)
  }

  #take(rooms: readonly Room[], suits: (room: Room) => boolean): Room | null {
    if (rooms[this.#at]?.node !== this.#last) this.#at = rooms.findIndex(({ node }) => node === this.#last)
    for (let step = 1; step <= rooms.length; step += 1) {
      const at = (this.#at + step) % rooms.length
      const room = rooms[at] as Room
      if (!suits(room)) continue
      this.#last = room.node
      this.#at = at
      return room
    }
    return null
  }
}
