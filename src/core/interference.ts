import type { Exposure, Interference, SlowdownLook } from './model.ts'

/*
 * How much attempts slow the application down, by the scheduler's own record: what its threads waited for a core, for each
 * second that they ran, beside attempts and without any. Memory bandwidth and caches don't show in it: see `progress.ts`.
 */

/** What happened between two looks at the application's threads. */
export interface Interval extends Exposure {
  /** For so much of it at least one attempt executed. */
  readonly besideSeconds: number
}

/** An interval counts as beside attempts from this share on, as alone up to that one; what is in between is left out. */
const BESIDE_SHARE = 0.8
const ALONE_SHARE = 0.05
/** Of the application's CPU time: with less, a few lost milliseconds would look like a slowdown. */
const ENOUGH_CPU_SECONDS = 1

const NOTHING: Exposure = { seconds: 0, appCpuSeconds: 0, appRunDelaySeconds: 0 }
export const NO_INTERFERENCE: Interference = { beside: NOTHING, alone: NOTHING }

/** null: neither, so that it tells nothing. */
export function companyOf(seconds: number, besideSeconds: number): keyof Interference | null {
  if (!(seconds > 0)) return null
  const share = besideSeconds / seconds
  return share >= BESIDE_SHARE ? 'beside' : share <= ALONE_SHARE ? 'alone' : null
}

export function addInterval(sum: Interference, interval: Interval): Interference {
  const company = companyOf(interval.seconds, interval.besideSeconds)
  return company === null ? sum : { ...sum, [company]: addExposure(sum[company], interval) }
}

export function sumOfInterference(parts: readonly Interference[]): Interference {
  return parts.reduce(
    (sum, { beside, alone }) => ({
      beside: addExposure(sum.beside, beside),
      alone: addExposure(sum.alone, alone),
    }),
    NO_INTERFERENCE,
  )
}

function addExposure(sum: Exposure, more: Exposure): Exposure {
  return {
    seconds: sum.seconds + more.seconds,
    appCpuSeconds: sum.appCpuSeconds + more.appCpuSeconds,
    appRunDelaySeconds: sum.appRunDelaySeconds + more.appRunDelaySeconds,
  }
}

export interface MeasuredSlowdown {
  /** 0.05: what took 1 s alone takes 1.05 s beside attempts. A hair below 0 where there is none. */
  readonly share: number
  /** `assumed`: the application was not seen alone for long enough, and is taken to wait for nothing then. */
  readonly baseline: 'measured' | 'assumed'
}

/** null: the application used too little CPU time beside attempts to tell. */
export function slowdownOf({ beside, alone }: Interference): MeasuredSlowdown | null {
  const stretched = stretch(beside)
  if (stretched === null) return null
  const baseline = stretch(alone)
  return { share: stretched / (baseline ?? 1) - 1, baseline: baseline === null ? 'assumed' : 'measured' }
}

/** How long threads take for one second of CPU time; null: there was too little of it. */
function stretch({ appCpuSeconds, appRunDelaySeconds }: Exposure): number | null {
  return appCpuSeconds < ENOUGH_CPU_SECONDS ? null : 1 + appRunDelaySeconds / appCpuSeconds
}

/** What happened lately, by the second: the slowdown at present is not that of an hour ago. */
export type RecentInterference = readonly { readonly at: number; readonly sums: Interference }[]

/** A change must show within seconds; how the application does alone changes with its phases. */
const BESIDE_WINDOW_MILLISECONDS = 5_000
const ALONE_WINDOW_MILLISECONDS = 300_000
/** A pause in which an application on one core or more shows enough of itself. */
const PAUSE_SECONDS = 1.2

/** `at`: the end of the interval. */
export function addRecent(recent: RecentInterference, interval: Interval, at: number): RecentInterference {
  const began = at - interval.seconds * 1000
  const last = recent.at(-1)
  if (last !== undefined && at - last.at < 1000 && at >= last.at) {
    return [...recent.slice(0, -1), { at: last.at, sums: addInterval(last.sums, interval) }]
  }
  const kept = recent.filter(each => at - each.at < ALONE_WINDOW_MILLISECONDS)
  return [...kept, { at: began, sums: addInterval(NO_INTERFERENCE, interval) }]
}

export function recentSlowdown(recent: RecentInterference, now: number): SlowdownLook {
  const fresh = recent.filter(
    each => now - each.at < BESIDE_WINDOW_MILLISECONDS && each.sums.beside.seconds > 0,
  )
  const { beside } = sumOfInterference(fresh.map(({ sums }) => sums))
  const { alone } = sumOfInterference(recent.map(({ sums }) => sums))
  const slowdown = slowdownOf({ beside, alone })
  return {
    share: slowdown?.share ?? null,
    by: 'run-delay',
    since: fresh[0]?.at ?? null,
    pauseSeconds: slowdown?.baseline === 'assumed' ? PAUSE_SECONDS : null,
  }
}

/** The one that tells of more harm; what it takes to know more is asked for in any case. */
export function worseSlowdown(one: SlowdownLook | null, other: SlowdownLook | null): SlowdownLook | null {
  if (one === null || other === null) return one ?? other
  const worse =
    (other.share ?? Number.NEGATIVE_INFINITY) > (one.share ?? Number.NEGATIVE_INFINITY) ? other : one
  const pauses = [one.pauseSeconds, other.pauseSeconds].filter(pause => pause !== null)
  return { ...worse, pauseSeconds: pauses.length === 0 ? null : Math.max(...pauses) }
}

/** For how long attempts have executed beside the application, up to a time. */
export interface Company {
  /** null: none executes now. */
  readonly since: number | null
  readonly seconds: number
}

export const NO_COMPANY: Company = { since: null, seconds: 0 }

export function companySeconds({ since, seconds }: Company, at: number): number {
  return since === null ? seconds : seconds + Math.max(0, at - since) / 1000
}

export function changeCompany(company: Company, present: boolean, at: number): Company {
  if (present === (company.since !== null)) return company
  return { since: present ? at : null, seconds: companySeconds(company, at) }
}
