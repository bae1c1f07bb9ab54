/** What a part of the frame would like to have of its lines. */
export interface Wish {
  /** With less it is left out. */
  readonly least: number
  readonly most: number
}

/**
 * Shares lines among parts: each its least, the first ones first; then what is left, line by line in turns, up to the most that each
 * has use for.
 */
export function allot(lines: number, wishes: readonly Wish[]): number[] {
  let left = lines
  const given = wishes.map(({ least, most }) => {
    const lines = Math.min(least, most)
    if (lines > left) return 0
    left -= lines
    return lines
  })
  for (let gave = true; gave && left > 0; ) {
    gave = false
    wishes.forEach(({ least, most }, at) => {
      const has = given[at] ?? 0
      // What was left out stays out: something that comes and goes as others change is hard to read.
      if (left === 0 || has >= most || (has === 0 && least > 0)) return
      given[at] = has + 1
      left -= 1
      gave = true
    })
  }
  return given
}
