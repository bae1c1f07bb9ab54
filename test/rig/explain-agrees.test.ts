import { expect, test } from 'vitest'
import { HOLD, live, oneLine } from './explained.ts'
import { odop } from './rig.ts'
import { hasTmux, openTerminal } from './tmux.ts'

const TASKS = `
  export const hold = task({ trigger: fileIn('hold') }, ${HOLD})
  export const waits = task({ trigger: fileIn('waits', { batchSize: 2 }) }, () => {})
  export const calm = task({ trigger: fileIn('calm') }, () => {})
  export const flaky = task({ trigger: fileIn('in'), retries: { limit: 1, delay: '2h' } }, () => { throw new Error('no luck') })`

/** What is said of a task, each reason by itself. */
function reasonsIn(text: string): string[] {
  return oneLine(text)
    .split('\n')
    .flatMap(line => (line.startsWith('  * ') ? [line.slice(4)] : []))
}

/** Times go on while one looks here and there. */
function still(text: string): string {
  return text.replaceAll(/\([^()]*\d(s|m|h)\)/g, '(…)').replaceAll(/\s+/g, ' ')
}

test.skipIf(!hasTmux)(
  'command, dashboard, status, summary and journal give the same reasons (needs tmux)',
  { timeout: 180_000 },
  async () => {
    await using run = await live(TASKS, {
      words: ['--max-cpus', '1'],
      files: ['in/a', 'in/b', 'in/c', 'calm/.keep'],
    })
    const { rig } = run
    await run.says('flaky', 'retry', 'the last attempt that failed, flaky#3.1')
    rig.write('hold/a', 'x')
    await run.says('hold', 'all-runs')
    for (const name of ['a', 'b', 'c']) rig.write(`waits/${name}`, 'x')
    await run.says('waits', 'maxCpus', 'those of hold')
    await run.says('waits', 'batch', '1 of the 2 files')
    const words = async (task: string) =>
      reasonsIn((await rig.odop(['explain', 'r', task])).stdout.toString())
    const told = { flaky: await words('flaky'), waits: await words('waits'), calm: await words('calm') }
    expect(told.waits).toHaveLength(2)

    const status = JSON.parse((await rig.odop(['status', 'r', '--json'])).stdout.toString())
    const waiting = new Map<string, string>(
      status.waiting.map((each: { task: string; reason: string }) => [each.task, each.reason]),
    )
    expect(waiting.get('waits')).toBe(told.waits[0])
    expect(still(waiting.get('flaky') ?? '')).toBe(still(told.flaky[0] ?? ''))

    await using terminal = openTerminal(rig, [150, 40])
    terminal.type(`${process.execPath} ${odop} top r`)
    await terminal.see('the run', text => text.includes('r live'))
    for (const [task, reasons] of Object.entries(told)) {
      terminal.key('/')
      terminal.type(task)
      await terminal.see('what is filtered', (_, lines) => lines.some(line => line.startsWith(`> ${task}`)))
      terminal.key('e')
      await terminal.see(`why ${task} waits`, text => {
        const seen = still(text)
        return (
          text.includes(`Why work of ${task} waits`) &&
          reasons.every(each => seen.includes(still(`* ${each}`)))
        )
      })
      terminal.key('q')
      terminal.key('Escape')
    }
    terminal.key('q')
    await run.end()

    const left = new Map(
      rig
        .events('r')
        .flatMap(event => (event.type === 'items-left' ? [[event.task, event.reasons] as const] : [])),
    )
    expect(left.get('waits')).toEqual([told.waits[0]])
    const notes = rig.summary('r')['notes'] as string[]
    for (const task of ['waits', 'flaky']) {
      const reasons = left.get(task)?.join('; ') ?? ''
      expect(still(reasons)).toContain(still(told[task as 'waits' | 'flaky'][0] ?? ''))
      expect(notes).toContain(`${task} has work items left: ${reasons}`)
      expect((await words(task))[0]).toContain(`${reasons}; the run is over`)
    }
  },
)
