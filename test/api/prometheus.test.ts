import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { prometheusText } from '../../src/api/prometheus.ts'
import type { OdopEvent } from '../../src/core/events.ts'
import { fold, newFolded } from '../../src/views/folded.ts'
import { statusOf } from '../../src/views/status.ts'
import { at, ended, launched, nodeUsage, queued, started } from '../views/samples.ts'

function metricsOf(...events: readonly OdopEvent[]): Promise<string> {
  const folded = newFolded({ keepEnded: 10 })
  for (const event of events) fold(folded, event)
  const { state, details, history } = folded
  const status = statusOf(state, { now: at(9), alive: true, details, snapshot: null })
  if (status === null) throw new Error('no launch')
  return prometheusText(state, status, history)
}

const sample = [
  ...launched(),
  queued('reduce', 1, 1),
  queued('reduce', 2, 1),
  started('reduce', '1.1', 2),
  ended('reduce', '1.1', 3, { outcome: 'failed', reason: 'exit code 3', retryAt: 1 }),
  started('reduce', '1.2', 4),
  ended('reduce', '1.2', 5),
  started('reduce', '2.1', 6),
  { type: 'usage', at: at(7), usage: nodeUsage('n1') } as const,
]

test('what the journal tells is in the metrics', async () => {
  const lines = (await metricsOf(...sample)).split('\n')
  expect(lines).toEqual(
    expect.arrayContaining([
      'odop_core_seconds_total{node="n1",use="tasks"} 8',
      'odop_core_seconds_total{node="n1",use="odop"} 0.5',
      'odop_held_cores{node="n1"} 1',
      'odop_work_items{task="reduce",state="completed"} 1',
      'odop_work_items{task="reduce",state="running"} 1',
      'odop_work_items{task="reduce",state="pending"} 0',
      'odop_attempts_total{task="reduce",outcome="completed"} 1',
      'odop_attempts_total{task="reduce",outcome="failed"} 1',
      'odop_harvested_core_seconds_total 8',
      'odop_harvest_ratio 0.8',
      'odop_application_running 1',
    ]),
  )
})

test('GPUs are in them where there are some', async () => {
  const gpu = {
    index: 1,
    knownSeconds: 8,
    usedSeconds: 3.5,
    peakMemoryBytes: 2 ** 30,
    memoryBytes: 80 * 2 ** 30,
  }
  const usage = nodeUsage('n1', { gpus: [gpu, { ...gpu, index: 2, peakMemoryBytes: null }] })
  const text = await metricsOf(...sample, { type: 'usage', at: at(8), usage })
  expect(text.split('\n')).toEqual(
    expect.arrayContaining([
      'odop_gpu_measured_seconds_total{node="n1",gpu="1"} 8',
      'odop_gpu_used_seconds_total{node="n1",gpu="1"} 3.5',
      `odop_gpu_memory_bytes{node="n1",gpu="2"} ${80 * 2 ** 30}`,
      `odop_gpu_memory_peak_bytes{node="n1",gpu="1"} ${2 ** 30}`,
    ]),
  )
  expect(text).not.toContain('odop_gpu_memory_peak_bytes{node="n1",gpu="2"}')
  expect(await metricsOf(...sample)).not.toContain('gpu')
})

test('only odop’s own are in them, none of the process that answers', async () => {
  const names = [...(await metricsOf(...sample)).matchAll(/^# TYPE (\S+)/gm)].map(match => match[1])
  expect(names.filter(name => !name?.startsWith('odop_'))).toEqual([])
  expect(new Set(names).size).toBe(names.length)
})

test('names and values with quotes and line feeds stay one line', async () => {
  const name = 'a"b\\c\nd'
  const text = await metricsOf(...launched(), queued(name, 1, 1))
  expect(text).toContain('odop_work_items{task="a\\"b\\\\c\\nd",state="pending"} 1')
})

const hasPromtool = spawnSync('promtool', ['--version']).status === 0

test.skipIf(!hasPromtool)(
  'promtool accepts them, and finds fault with worse ones (skipped where promtool is missing)',
  async () => {
    const check = (input: string) => spawnSync('promtool', ['check', 'metrics'], { input, encoding: 'utf8' })
    for (const events of [launched(), sample]) {
      const { status, stderr, stdout } = check(await metricsOf(...events))
      expect(stdout + stderr).toBe('')
      expect(status).toBe(0)
    }
    expect(check('# TYPE odop_x counter\nodop_x 1\n').status).not.toBe(0)
  },
)
