import type { FilePath, NodeName, WorkItem } from './model.ts'
import type { TaskState } from './run-state.ts'

/**
 * By what a file is known to have an item: `path`, or `path\0version`; for an item that is bound to a node with `node\0` before
 * it, since there the same path is another file. Paths are absolute, so that no node is taken for one.
 */
export function seenKey(file: FilePath, version: string | null, node: NodeName | null): string {
  const key = version === null ? file : `${file}\0${version}`
  return onNode(key, node)
}

/** The part of what was seen that concerns one node, by keys without it. */
export function seenOn(seen: ReadonlySet<string>, node: NodeName): Pick<ReadonlySet<string>, 'has'> {
  return { has: key => seen.has(onNode(key, node)) }
}

export function rememberSeen(task: TaskState, { files, version, node = null }: WorkItem): void {
  for (const file of files) {
    const key = seenKey(file, version, node)
    if (version !== null) forgetEarlierVersion(task, seenKey(file, null, node), key)
    task.seen.add(key)
  }
}

/** Only the last version of a file can be met again; a file that is written for days must not fill the memory. */
function forgetEarlierVersion(task: TaskState, file: string, key: string): void {
  const earlier = task.lastVersions.get(file)
  if (earlier !== undefined) task.seen.delete(earlier)
  task.lastVersions.set(file, key)
}

function onNode(key: string, node: NodeName | null): string {
  return node === null ? key : `${node}\0${key}`
}
