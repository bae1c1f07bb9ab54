import { readdirSync, readFileSync } from 'node:fs'

/**
 * Ends a process with everything that it started. It is expected to lead a process group and, on Linux, to be a child
 * subreaper, so that descendants that left the group are still below it.
 */
export function killTree(leader: number): void {
  // Stopped first, so that it starts nothing new meanwhile; killed last, or its orphans would go elsewhere.
  signal(leader, 'SIGSTOP')
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const alive = descendants(leader).filter(pid => !isZombie(pid))
    if (alive.length === 0) break
    for (const pid of alive) signal(pid, 'SIGKILL')
  }
  signal(-leader, 'SIGKILL')
  signal(leader, 'SIGKILL')
}

/** Ends what a process that is gone left behind: its process group, and all that has `NAME=value` in its environment. */
export function killLeftovers(leader: number, mark: string): void {
  signal(-leader, 'SIGKILL')
  for (const pid of numbersIn('/proc')) {
    if (pid !== process.pid && read(`/proc/${pid}/environ`).split('\0').includes(mark)) signal(pid, 'SIGKILL')
  }
}

const MOST_ROUNDS = 100

function descendants(pid: number): number[] {
  const children = numbersIn(`/proc/${pid}/task`).flatMap(thread =>
    read(`/proc/${pid}/task/${thread}/children`).split(' ').filter(Boolean).map(Number),
  )
  return children.flatMap(child => [child, ...descendants(child)])
}

function isZombie(pid: number): boolean {
  return /\) [ZX] /.test(read(`/proc/${pid}/stat`))
}

function numbersIn(folder: string): number[] {
  try {
    return readdirSync(folder).map(Number).filter(Number.isInteger)
  } catch {
    return []
  }
}

/** Empty where there is no such file: the process is gone, is another user's, or the system is not Linux. */
function read(file: string): string {
  try {
    return readFileSync(file, 'latin1')
  } catch {
    return ''
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch {
    // It is gone already.
  }
}
