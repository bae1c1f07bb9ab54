const STARVED_AFTER_SECONDS = 15 * 60

/** Such an item goes before everything, however small or unimportant it is. */
export function isStarved(waitingSince: number, now: number): boolean {
  return now - waitingSince >= STARVED_AFTER_SECONDS * 1000
}
