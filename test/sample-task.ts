import type { TaskDefinition } from '../src/core/model.ts'

/** A task with every parameter at its default: what a test is about is all that it has to name. */
export function sampleTask(parts: Partial<TaskDefinition> = {}): TaskDefinition {
  return {
    name: 'sample',
    module: '/work/tasks/sample.ts',
    index: 0,
    kind: 'function',
    trigger: { kind: 'background' },
    priority: 0,
    cpus: 1,
    memoryBytes: null,
    timeSeconds: null,
    maxRuns: null,
    replicas: null,
    retries: null,
    retryDelaySeconds: null,
    ioBound: false,
    networkBound: false,
    env: {},
    cwd: null,
    ...parts,
  }
}
