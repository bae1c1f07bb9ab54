import { Counter, Gauge, prometheusContentType, Registry } from 'prom-client'
import type { GpuUsage } from '../core/model.ts'
import { applicationRuns, type RunView } from '../core/state.ts'
import { version } from '../version.ts'
import { ITEM_STATES } from '../views/item-detail.ts'
import type { ItemHistory } from '../views/item-history.ts'
import { slowdownSummary } from '../views/slowdown.ts'
import type { Status } from '../views/status.ts'
import { totalsOf } from '../views/summary.ts'

export const CONTENT_TYPE: string = prometheusContentType

/** The run as a site's Prometheus reads it. Made anew for each scrape: the run's own numbers are the only ones that are kept. */
export function prometheusText(state: RunView, status: Status, history: ItemHistory): Promise<string> {
  const registry = new Registry()
  aboutRun(registry, state, status)
  aboutNodes(registry, state, status)
  aboutGpus(registry, state)
  aboutTasks(registry, state, status, history)
  return registry.metrics()
}

function aboutRun(registry: Registry, state: RunView, status: Status): void {
  const { run, mode, host, harvest } = status
  gauge(registry, 'odop_run_info', 'The run; always 1', [[{ run, mode, host, version: version() }, 1]])
  gauge(registry, 'odop_launch_start_time_seconds', 'When the launch began, seconds since the epoch', [
    [{}, Date.parse(status.start) / 1000],
  ])
  gauge(registry, 'odop_application_running', 'Whether the application runs: 1 or 0', [
    [{}, applicationRuns(state) ? 1 : 0],
  ])
  counter(registry, 'odop_available_core_seconds_total', 'Core-seconds that the application left', [
    [{}, harvest.availableCoreSeconds],
  ])
  counter(registry, 'odop_harvested_core_seconds_total', 'Core-seconds of them that attempts used', [
    [{}, harvest.harvestedCoreSeconds],
  ])
  gauge(registry, 'odop_harvest_ratio', 'Harvested of available core-seconds, 0 to 1', [[{}, harvest.share]])
  const { share } = slowdownSummary(state, totalsOf(state).interference)
  // While it is not known there is no such metric: 0 would be a measurement.
  if (share === null) return
  gauge(registry, 'odop_slowdown_ratio', 'How much longer the application takes beside attempts', [
    [{}, share],
  ])
}

function aboutNodes(registry: Registry, state: RunView, { nodes }: Status): void {
  counter(
    registry,
    'odop_core_seconds_total',
    'Core-seconds of the allocation since the launch, by what used them',
    nodes.flatMap(({ name: node, coreSeconds: { app, tasks, odop, idle } }) =>
      Object.entries({ app, tasks, odop, idle }).map(([use, value]) => [{ node, use }, value] as const),
    ),
  )
  gauge(
    registry,
    'odop_cores',
    'Cores of the allocation',
    nodes.map(({ name: node, cores }) => [{ node }, cores]),
  )
  gauge(
    registry,
    'odop_held_cores',
    'Cores that attempts hold, suspended ones included',
    nodes.map(({ name: node }) => [{ node }, state.loads.get(node)?.cores.size ?? 0]),
  )
  gauge(
    registry,
    'odop_memory_limit_bytes',
    'Memory of the allocation',
    nodes.map(({ name: node, memoryBytes }) => [{ node }, memoryBytes.limit]),
  )
  gauge(
    registry,
    'odop_memory_peak_bytes',
    'The most memory at one look since the launch, by what used it',
    nodes.flatMap(({ name: node, memoryBytes: { appPeak: app, tasksPeak: tasks, odopPeak: odop } }) =>
      Object.entries({ app, tasks, odop }).map(([use, value]) => [{ node, use }, value] as const),
    ),
  )
  counter(
    registry,
    'odop_application_run_delay_seconds_total',
    'Time that threads of the application were ready to run but had no core',
    nodes.flatMap(({ name: node, appRunDelaySeconds: delay }) =>
      delay === null ? [] : [[{ node }, delay] as const],
    ),
  )
}

/** Nothing where there are none: most sites' nodes. */
function aboutGpus(registry: Registry, state: RunView): void {
  const gpus = [...state.usage].flatMap(([node, usage]) =>
    (usage.gpus ?? []).map(gpu => ({ ...gpu, labels: { node, gpu: String(gpu.index) } })),
  )
  if (gpus.length === 0) return
  const known = (bytes: (gpu: GpuUsage) => number | null) =>
    gpus.flatMap(gpu => {
      const value = bytes(gpu)
      return value === null ? [] : [[gpu.labels, value] as const]
    })
  counter(
    registry,
    'odop_gpu_measured_seconds_total',
    'Time since the launch in which the use of the GPU was known',
    gpus.map(({ labels, knownSeconds }) => [labels, knownSeconds]),
  )
  counter(
    registry,
    'odop_gpu_used_seconds_total',
    'Time of that in which something was executed on it, by the application or by attempts',
    gpus.map(({ labels, usedSeconds }) => [labels, usedSeconds]),
  )
  gauge(
    registry,
    'odop_gpu_memory_bytes',
    'Memory of the GPU',
    known(({ memoryBytes }) => memoryBytes),
  )
  gauge(
    registry,
    'odop_gpu_memory_peak_bytes',
    'The most of its memory that was used at one look',
    known(({ peakMemoryBytes }) => peakMemoryBytes),
  )
}

function aboutTasks(registry: Registry, state: RunView, { tasks }: Status, history: ItemHistory): void {
  const states = [...state.tasks.values()]
  gauge(
    registry,
    'odop_work_items',
    'Work items of the run, by state',
    tasks.flatMap(task => ITEM_STATES.map(each => [{ task: task.name, state: each }, task[each]] as const)),
  )
  counter(
    registry,
    'odop_attempts_total',
    'Attempts that have ended, by outcome',
    tasks.flatMap(({ name: task }) =>
      Object.entries(history.tasks.get(task)?.outcomes ?? {}).map(
        ([outcome, count]) => [{ task, outcome }, count] as const,
      ),
    ),
  )
  counter(
    registry,
    'odop_attempt_seconds_total',
    'Time of attempts that have ended, without suspensions',
    states.map(({ name: task, wallSeconds }) => [{ task }, wallSeconds]),
  )
  counter(
    registry,
    'odop_attempt_cpu_seconds_total',
    'CPU time of attempts that have ended',
    states.map(({ name: task, cpuSeconds }) => [{ task }, cpuSeconds]),
  )
  gauge(
    registry,
    'odop_attempt_memory_peak_bytes',
    'The most memory that one attempt used',
    states.map(({ name: task, peakMemoryBytes }) => [{ task }, peakMemoryBytes]),
  )
  gauge(
    registry,
    'odop_wait_max_seconds',
    'The longest time from when a work item was queued to its first start',
    states.map(({ name: task, waits }) => [{ task }, waits.maxSeconds]),
  )
}

type Samples = readonly (readonly [labels: Readonly<Record<string, string>>, value: number])[]

function gauge(registry: Registry, name: string, help: string, samples: Samples): void {
  const labelNames = Object.keys(samples[0]?.[0] ?? {})
  const made = new Gauge({ name, help, labelNames, registers: [registry] })
  for (const [labels, value] of samples) made.set(labels, value)
}

function counter(registry: Registry, name: string, help: string, samples: Samples): void {
  const labelNames = Object.keys(samples[0]?.[0] ?? {})
  const made = new Counter({ name, help, labelNames, registers: [registry] })
  for (const [labels, value] of samples) made.inc(labels, value)
}
