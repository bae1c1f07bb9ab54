import { describe, expect, it } from 'vitest'
import { type RunOverview, runsText } from '../../src/views/runs-text.ts'
import { at } from './samples.ts'

const run: RunOverview = {
  name: 'heat',
  state: 'ended',
  started: at(0),
  ended: at(90),
  command: ['node', 'heat.js'],
  exit: { code: 0, signal: null },
  items: { completed: 12, left: 3 },
}

describe('runsText', () => {
  const text = (...runs: readonly RunOverview[]) => runsText(runs, at(3600), { width: 100, colour: false })

  it('lists runs with what became of them', () => {
    expect(
      text(
        run,
        { ...run, name: 'heat-2', state: 'live', ended: null, exit: null },
        { ...run, name: 'old', state: 'interrupted', ended: null, exit: null, items: null },
        { ...run, name: 'bad', exit: { code: null, signal: 'SIGSEGV' } },
      ),
    ).toMatchInlineSnapshot(`
      "Run     State        Started (UTC)         Time     Exit  Completed  Left  Command
      heat    ended        2026-03-01 12:00:00  1m30s        0         12     3  node heat.js
      heat-2  live         2026-03-01 12:00:00     1h        -         12     3  node heat.js
      old     interrupted  2026-03-01 12:00:00      -        -          -     -  node heat.js
      bad     ended        2026-03-01 12:00:00  1m30s  SIGSEGV         12     3  node heat.js
      "
    `)
  })

  it('says how to start when there are none', () => expect(text()).toContain('odop run -- COMMAND'))
})
