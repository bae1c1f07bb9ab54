import { describe, expect, test } from 'vitest'
import { ApplicationAccount } from '../../../src/node/observe/application-account.ts'
import { OtherPrograms, type Stranger } from '../../../src/node/observe/other-programs.ts'
import { FakeKernel } from './fake-kernel.ts'

/** A node with core 0: init (1), a daemon (20), and slurmstepd (30) that starts ranks. */
class Node {
  readonly kernel = new FakeKernel()
  strangers: Stranger[] = [
    { pid: 1, startsRanks: false },
    { pid: 20, startsRanks: false },
    { pid: 30, startsRanks: true },
  ]

  constructor() {
    this.kernel.fork(1, 20)
    this.kernel.fork(1, 30)
    this.kernel.burn(20, 1000)
  }

  options() {
    return { system: this.kernel, cores: [0], strangers: () => this.strangers }
  }
}

describe('OtherPrograms', () => {
  test('counts what is used from its beginning on', () => {
    const node = new Node()
    const { kernel } = node
    const others = new OtherPrograms(node.options())
    kernel.burn(20, 2)
    expect(others.usedSeconds()).toBe(2)
    kernel.burn(20, 1)
    kernel.burn(30, 0.5)
    expect(others.usedSeconds()).toBe(3.5)
  })

  test('counts what runs on other cores, too, by the share of these', () => {
    const node = new Node()
    const { kernel } = node
    const others = new OtherPrograms(node.options())
    kernel.burn(20, 2)
    kernel.set(20, { allowedCores: [1] })
    expect(others.usedSeconds()).toBe(0)
    kernel.burn(20, 3)
    kernel.set(20, { allowedCores: [0, 1, 2] })
    expect(others.usedSeconds()).toBe(1)
  })

  test('finds what came and went between two looks, and counts nothing twice', () => {
    const node = new Node()
    const { kernel } = node
    const others = new OtherPrograms(node.options())
    kernel.fork(20, 21)
    kernel.burn(21, 4)
    kernel.exit(21)
    kernel.wait(21)
    expect(others.usedSeconds()).toBe(4)
    kernel.fork(20, 22)
    kernel.burn(22, 1)
    node.strangers.push({ pid: 22, startsRanks: false })
    expect(others.usedSeconds()).toBe(5)
    kernel.burn(22, 2)
    kernel.exit(22)
    kernel.wait(22)
    expect(others.usedSeconds()).toBe(7)
  })

  test('what a child has used after the last look at it counts as the child does', () => {
    const node = new Node()
    const { kernel } = node
    kernel.fork(20, 21)
    kernel.set(21, { allowedCores: [1] })
    node.strangers.push({ pid: 21, startsRanks: false })
    const others = new OtherPrograms(node.options())
    kernel.burn(21, 1)
    expect(others.usedSeconds()).toBe(0)
    kernel.burn(21, 4)
    kernel.exit(21)
    kernel.wait(21)
    expect(others.usedSeconds()).toBe(0)
  })

  test('does not take ranks for others where who has started them waits for them', () => {
    const node = new Node()
    const { kernel } = node
    const others = new OtherPrograms(node.options())
    kernel.fork(30, 31)
    kernel.burn(31, 100)
    kernel.exit(31)
    kernel.wait(31)
    expect(others.usedSeconds()).toBe(0)
    // The daemon is gone with all that it has waited for; so is what init has waited for then.
    kernel.exit(30)
    kernel.wait(30)
    node.strangers = node.strangers.filter(({ pid }) => pid !== 30)
    expect(others.usedSeconds()).toBe(0)
  })

  test('does not count the past of a process that was overlooked', () => {
    const node = new Node()
    const { kernel } = node
    node.strangers = node.strangers.filter(({ pid }) => pid !== 20)
    const others = new OtherPrograms(node.options())
    node.strangers.push({ pid: 20, startsRanks: false })
    kernel.burn(20, 5)
    expect(others.usedSeconds()).toBe(0)
    kernel.burn(20, 1)
    expect(others.usedSeconds()).toBe(1)
  })

  test('a pid that is used again is another process', () => {
    const node = new Node()
    const { kernel } = node
    const others = new OtherPrograms(node.options())
    kernel.vanish(20)
    kernel.fork(1, 20)
    kernel.burn(20, 3)
    expect(others.usedSeconds()).toBe(3)
  })
})

describe('ApplicationAccount', () => {
  const seen = (seconds: number, seenSeconds: number, processes = 1) => ({ seconds, seenSeconds, processes })

  test('gives the application what others have not used, also what was not seen at its processes', () => {
    const node = new Node()
    const { kernel } = node
    const account = new ApplicationAccount(node.options())
    kernel.burn(20, 2)
    expect(account.split(seen(10, 7))).toEqual({ app: 8, others: 2 })
  })

  test('never gives it less than was seen at its processes, nor less than before', () => {
    const node = new Node()
    const { kernel } = node
    const account = new ApplicationAccount(node.options())
    kernel.burn(20, 5)
    expect(account.split(seen(10, 9))).toEqual({ app: 9, others: 1 })
    kernel.burn(20, 6)
    expect(account.split(seen(14, 9))).toEqual({ app: 9, others: 5 })
  })

  test('gives it nothing while it is not there', () => {
    const node = new Node()
    const { kernel } = node
    const account = new ApplicationAccount(node.options())
    expect(account.split(seen(3, 0, 0))).toEqual({ app: 0, others: 3 })
    kernel.burn(20, 1)
    expect(account.split(seen(5, 0, 0))).toEqual({ app: 0, others: 5 })
    expect(account.split(seen(9, 3, 1))).toEqual({ app: 4, others: 5 })
    // It has ended since: what it has used last was not seen.
    expect(account.split(seen(12, 3, 0))).toEqual({ app: 7, others: 5 })
    expect(account.split(seen(20, 3, 0))).toEqual({ app: 7, others: 13 })
  })
})
