import { readFileSync } from 'node:fs'
import { stripVTControlCharacters } from 'node:util'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { stringWidth } from '../../src/views/string-width.ts'
import type { Summary } from '../../src/views/summary-schema.ts'
import { summaryText } from '../../src/views/summary-text.ts'

const GIB = 1024 ** 3
const interference = {
  beside: { seconds: 60, appCpuSeconds: 60, appRunDelaySeconds: 0.18 },
  alone: { seconds: 40, appCpuSeconds: 40, appRunDelaySeconds: 0.02 },
  slowdown: 0.0025,
  baseline: 'measured' as const,
}
const node = {
  name: 'n1',
  cores: 2,
  yield: 'kernel' as const,
  yieldReason: 'the application and the tasks run in one session and one CPU control group',
  coreSeconds: { total: 200, app: 100, tasks: 80, odop: 2, idle: 18 },
  memoryBytes: { limit: 4 * GIB, appPeak: GIB, tasksPeak: 0.2 * GIB, odopPeak: 0.1 * GIB },
  appRunDelaySeconds: 0.2,
  interference,
  gpus: [],
}
const reduce = {
  name: 'reduce',
  completed: 98,
  failed: 2,
  timeout: 0,
  cancelled: 0,
  left: 3,
  attempts: 104,
  wallSeconds: 83,
  cpuSeconds: 79,
  peakMemoryBytes: 120 * 1024 ** 2,
  waitSeconds: { median: 0.05, max: 1.5 },
}
const summary: Summary = {
  schema: 1,
  run: 'heat',
  command: ['node', 'heat.js', '--size', '512'],
  exit: { code: 0, signal: null },
  start: '2026-03-01T12:00:00.000Z',
  end: '2026-03-01T12:01:40.000Z',
  wallSeconds: 100,
  nodes: [node],
  totals: {
    cores: 2,
    coreSeconds: node.coreSeconds,
    memoryBytes: node.memoryBytes,
    appRunDelaySeconds: 0.2,
    interference,
  },
  slowdown: { share: 0.0025, by: 'run-delay', allowed: null, progress: null },
  harvest: { availableCoreSeconds: 100, harvestedCoreSeconds: 80, share: 0.8 },
  tasks: [
    reduce,
    { ...reduce, name: 'render', failed: 0, left: 0, waitSeconds: { median: null, max: null } },
  ],
  notes: ['3 work items of reduce are left; work them off with: odop drain heat'],
}
const plain = { width: 80, colour: false, folder: '/home/me/.odop/runs/heat' }

describe('summaryText', () => {
  it('tells a run in 80 columns, as the documentation shows it', () => {
    const reference = readFileSync(new URL('../../docs/reference.md', import.meta.url), 'utf8')
    expect(reference).toContain(`\`\`\`\n${summaryText(summary, plain)}\`\`\``)
  })

  it('tells the signal that ended the application', () => {
    expect(summaryText({ ...summary, exit: { code: null, signal: 'SIGSEGV' } }, plain)).toContain(
      'by SIGSEGV',
    )
  })

  it('says of a drain that no application ran', () => {
    expect(summaryText({ ...summary, exit: { code: null, signal: null } }, plain)).toContain(
      'no application ran',
    )
  })

  it('shows rare outcomes only when there are some', () => {
    expect(summaryText(summary, plain)).not.toContain('Timeout')
    expect(summaryText({ ...summary, tasks: [{ ...reduce, timeout: 1 }] }, plain)).toContain('Timeout')
  })

  it('shows the GPUs that there are', () => {
    const gpu = (index: number, use: number | null) => ({
      index,
      use,
      memoryBytes: { limit: 80 * GIB, peak: index * 40 * GIB },
    })
    const gpus = [gpu(0, 0.375), gpu(1, null), { ...gpu(2, 0), memoryBytes: { limit: null, peak: null } }]
    expect(summaryText({ ...summary, nodes: [{ ...node, gpus }] }, plain)).toContain(
      [
        'GPUs        how much of the time they were used, and the peak of their memory',
        'GPU 0       [############.....................]  used  38%  memory     0B of 80G',
        'GPU 1       [.................................]  used    -  memory    40G of 80G',
        'GPU 2       [.............................................]  used   0%  memory -',
      ].join('\n'),
    )
    const two = ['n1', 'n2'].map(name => ({ ...node, name, gpus: [gpu(0, 1)] }))
    expect(summaryText({ ...summary, nodes: two }, plain)).toMatch(/^n2:0 .*used 100%/m)
    expect(summaryText(summary, plain)).not.toContain('GPU')
  })

  it('stays short on many nodes with many tasks and notes', () => {
    const many = {
      ...summary,
      nodes: Array.from({ length: 500 }, (_, at) => ({ ...node, name: `n${at}` })),
      tasks: Array.from({ length: 100 }, (_, at) => ({ ...reduce, name: `task${at}` })),
      notes: Array.from({ length: 100 }, (_, at) => `note ${at}`),
    }
    const text = summaryText(many, plain)
    expect(text.split('\n').length).toBeLessThan(70)
    expect(text).toContain('… 492 more nodes: see summary.json')
    expect(text).toContain('… 88 more tasks: see summary.json')
    expect(text).toContain('… 90 more notes: see summary.json')
  })

  it('drops nothing but colours without them', () => {
    const coloured = summaryText(summary, { ...plain, colour: true })
    expect(coloured).toContain('\x1b[')
    const stripped = stripVTControlCharacters(coloured).replaceAll(/ +$/gm, '')
    expect(stripped).toBe(summaryText(summary, plain))
  })

  it('is never wider than the terminal, holds no control characters, and shows the whole folder', () => {
    const name = fc.oneof(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'binary' }), fc.lorem())
    const random = fc.record({
      run: name,
      command: fc.array(name),
      nodes: fc.array(
        name.map(text => ({ ...node, name: text })),
        { maxLength: 3 },
      ),
      tasks: fc.array(
        fc.record({ name, completed: fc.nat(), wallSeconds: fc.nat() }).map(some => ({ ...reduce, ...some })),
        { maxLength: 3 },
      ),
      notes: fc.array(name, { maxLength: 3 }),
    })
    fc.assert(
      fc.property(random, fc.integer({ min: 20, max: 200 }), (some, width) => {
        const text = summaryText({ ...summary, ...some }, { ...plain, width })
        for (const line of text.split('\n')) {
          expect(stringWidth(line)).toBeLessThanOrEqual(width)
          expect(line).not.toMatch(/\p{Cc}/u)
        }
        expect(text.replaceAll(/\s/g, '')).toContain(plain.folder)
      }),
      { numRuns: 50 },
    )
  })
})
