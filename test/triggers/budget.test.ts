import { expect, test } from 'vitest'
import { Budget } from '../../src/triggers/budget.ts'

test('a burst at once, then the share of the time', () => {
  let now = 0
  const budget = new Budget(0.02, 50, () => now)
  let spent = 0
  while (budget.delay() === 0) {
    budget.spend(10)
    spent += 10
  }
  expect(spent).toBe(50)
  while (now < 100_000) {
    now += budget.delay()
    expect(budget.delay()).toBe(0)
    budget.spend(10)
    spent += 10
  }
  expect(spent / now).toBeCloseTo(0.02, 2)
})

test('a long rest gives no more than one burst', () => {
  let now = 0
  const budget = new Budget(0.02, 50, () => now)
  now = 1e9
  budget.spend(51)
  expect(budget.delay()).toBeGreaterThan(0)
})
