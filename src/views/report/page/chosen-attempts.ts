import type { LoggedAttempt } from '../run-log.ts'

/** More rows than this make no table to read. */
const MOST_ATTEMPTS = 400

/** Those to look at, in the order of their starts: what failed or ran out of time (the last of them), what runs, then the longest. */
export function chosenAttempts(attempts: readonly LoggedAttempt[]): readonly LoggedAttempt[] {
  if (attempts.length <= MOST_ATTEMPTS) return attempts
  const ranked = [...attempts].sort((a, b) => rank(a) - rank(b) || weight(b) - weight(a))
  return ranked.slice(0, MOST_ATTEMPTS).sort((a, b) => a.startedAt - b.startedAt)
}

export function isBad({ state }: LoggedAttempt): boolean {
  return state === 'failed' || state === 'timeout'
}

function rank(attempt: LoggedAttempt): number {
  return isBad(attempt) ? 0 : attempt.state === 'running' ? 1 : 2
}

function weight(attempt: LoggedAttempt): number {
  return isBad(attempt) ? attempt.startedAt : (attempt.usage?.wallSeconds ?? 0)
}

const MOST_TAILS = 20

/** Whose logs say most: the last that failed or ran out of time, or else the last attempt of each task. */
export function chosenTails(attempts: readonly LoggedAttempt[]): readonly LoggedAttempt[] {
  const bad = attempts.filter(isBad)
  const last = bad.length > 0 ? bad : [...new Map(attempts.map(attempt => [attempt.task, attempt])).values()]
  return last.slice(-MOST_TAILS)
}
