/** What is sent back: text or JSON, whole and of a bounded size. */
export interface Answer {
  readonly status: number
  readonly contentType: string
  readonly body: string
  readonly headers?: Readonly<Record<string, string>>
}

export function jsonAnswer(value: unknown): Answer {
  return { status: 200, contentType: 'application/json; charset=utf-8', body: `${JSON.stringify(value)}\n` }
}

/** What went wrong, as RFC 9457 has it: what was expected, what was found, what to do. */
export interface Problem {
  readonly type: 'about:blank'
  readonly title: string
  readonly status: number
  readonly detail: string
}

const TITLES = {
  400: 'Bad Request',
  401: 'Unauthorized',
  404: 'Not Found',
  405: 'Method Not Allowed',
  413: 'Content Too Large',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
} as const

export type ProblemStatus = keyof typeof TITLES

export function problemAnswer(
  status: ProblemStatus,
  detail: string,
  headers: Readonly<Record<string, string>> = {},
): Answer {
  const problem: Problem = { type: 'about:blank', title: TITLES[status], status, detail }
  const contentType = 'application/problem+json; charset=utf-8'
  return { status, contentType, body: `${JSON.stringify(problem)}\n`, headers }
}
