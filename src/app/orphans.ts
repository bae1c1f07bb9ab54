import type { ChildProcess } from 'node:child_process'
import { subscribe } from 'node:diagnostics_channel'
import { systemCalls } from '../os/system-calls.ts'

/** The children that Node has started and has not waited for yet. To be asked for before the first one is started. */
export function noteChildren(): ReadonlySet<ChildProcess> {
  const children = new Set<ChildProcess>()
  subscribe('child_process', message => {
    const { process: child } = message as { readonly process: ChildProcess }
    children.add(child)
    child.once('exit', () => children.delete(child))
  })
  return children
}

/**
 * odop is a child subreaper: what the application daemonises becomes its child, and a zombie in the end. Zombies count where
 * processes are limited, so they must not pile up while the application goes on, whatever has become of the rest of odop.
 *
 * Only Node may wait for the children that it has started, or their exit status would be lost: where they can't be told
 * (the application is the first one), nothing is reaped here.
 */
export function reapOrphans(nodesChildren: ReadonlySet<ChildProcess>, application: number | null): void {
  const calls = systemCalls()
  const isNodes = (pid: number) => [...nodesChildren].some(child => child.pid === pid)
  if (calls === null || application === null || !isNodes(application)) return
  setInterval(() => {
    for (let pid = calls.zombieChild(); pid !== null && !isNodes(pid); pid = calls.zombieChild()) {
      if (calls.reap(pid) === null) return
    }
  }, INTERVAL_MILLISECONDS).unref()
}

const INTERVAL_MILLISECONDS = 250
