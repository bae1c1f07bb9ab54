import { describe, expect, it } from 'vitest'
import { strip } from '../../../src/views/dashboard/frame.ts'
import { FIRST_UI, type Ui } from '../../../src/views/dashboard/ui.ts'
import { renderLines } from '../../../src/views/lines.ts'
import { stringWidth } from '../../../src/views/string-width.ts'
import { at, ended, launched, nodeUsage, queued, started } from '../samples.ts'
import { busy, cluster, SIZES, sceneOf, textOf } from './scenes.ts'

const sampled = { samples: new Map([['n1', { shares: [0.9, 0.2], ofOthers: true }]]) }

describe('a frame', () => {
  const scenes = [
    ['of nothing yet', sceneOf(launched())],
    ['of a busy run', sceneOf(busy(), sampled)],
    ['of 1,000 nodes', sceneOf(cluster(1000, 128))],
    ['of 30 nodes', sceneOf(cluster(30, 64))],
    ['of a run that is over', sceneOf([...busy(), { type: 'launch-ended', at: at(50) }])],
    ['of an interrupted one', sceneOf(busy(), { alive: false })],
    ['of what is hard to show', sceneOf([...launched(), queued('日本\x1b[2J', 1, 1)])],
  ] as const

  it.each(scenes.flatMap(([name, scene]) => SIZES.map(size => [name, size, scene] as const)))(
    '%s fits in %s',
    (_, size, scene) => {
      const lines = textOf(scene, size)
      expect(lines).toHaveLength(size[1])
      for (const line of lines) expect(stringWidth(line)).toBeLessThanOrEqual(size[0])
      expect(lines.join('')).not.toContain('\x1b')
    },
  )

  it('shows cores, history, memory, queue, attempts, events and notes', () => {
    const text = textOf(sceneOf(busy(), sampled), [80, 24])
    expect(text[0]).toBe('heat live 1m                                harvested 8 of 10 core-seconds (80%)')
    expect(text[1]).toBe('Command   node heat.js  pid 4712')
    // The first core is the application's; the second one runs a task, and the application uses a little of it.
    expect(text).toContainEqual(expect.stringMatching(/^n1 {8}#= +app {2}50% {2}tasks {2}40%$/))
    expect(text).toContainEqual(
      expect.stringMatching(/^Memory {4}\[.*\].*1\.3G of 4G \(peaks\)$|of 4G \(peaks\)$/),
    )
    expect(text).toContainEqual(expect.stringMatching(/^> reduce +2 +1 +0 +0 +0 {2}waits for idle cores/))
    expect(text).toContainEqual(expect.stringMatching(/^ {2}reduce#1\.1 +58s +- {2}running {2}n1 +1$/))
    expect(text).toContain('12:00:11 ! a warning for the user')
    expect(text).toContain('* a warning for the user')
    expect(text.at(-1)).toMatch(/^q quit {2}\? help/)
  })

  it('keeps what matters most in 40 columns and 10 lines', () => {
    const text = textOf(sceneOf(busy(), sampled), [40, 10])
    expect(text[0]).toBe('heat live 1m               harvested 80%')
    expect(text).toContain('Cores     #=')
    expect(text).toContainEqual(expect.stringMatching(/^> reduce +2 +1 +0 +0 +0/))
    expect(text).toContainEqual(expect.stringMatching(/^ {2}reduce#1\.1 +58s/))
    expect(text.at(-1)).toContain('q quit')
  })

  it('shows how far attempts say that they are, in every size, and in the log that is open', () => {
    const scene = sceneOf([
      ...busy(),
      { type: 'attempt-progress', at: at(12), attempt: 'reduce#1.1', fraction: 0.4, text: 'slice 12' },
    ])
    for (const size of [SIZES[0], SIZES[1], SIZES[2]]) {
      const text = textOf(scene, size)
      expect(text).toContainEqual(expect.stringMatching(/^ {2}reduce#1\.1 +58s {2}40% slice 12 /))
      expect(text.join('\n')).not.toContain('attempt-progress')
    }
    const ui: Ui = { ...FIRST_UI, open: { kind: 'log', attempt: 'reduce#1.1' } }
    expect(textOf(scene, [80, 24], ui)).toContain('Log of reduce#1.1: 40% slice 12')
    expect(scene.told.latest.map(({ type }) => type)).not.toContain('attempt-progress')
  })

  it('draws the history from measurements, application below and tasks above', () => {
    const text = textOf(sceneOf(busy()), [80, 24])
    const head = text.findIndex(line => line.startsWith('History'))
    expect(text[head]).toContain('10s a column')
    expect(text.slice(head + 1, head + 4).map(line => line.trim())).toEqual(['=', '#', '#'])
  })

  it('says what is paused', () => {
    const text = textOf(sceneOf([...busy(), { type: 'harvest-paused', at: at(20) }]), [80, 24])
    expect(text[0]).toContain('PAUSED')
    expect(text.at(-1)).toContain('p resume')
    expect(text.join('\n')).toContain('harvesting paused')
  })

  it('of a run that is over shows all that its cores have done, and no attempts', () => {
    const text = textOf(
      sceneOf([
        ...busy(),
        ended('reduce', '1.1', 40),
        { type: 'usage', at: at(49), usage: nodeUsage('n1') },
        { type: 'launch-ended', at: at(50) },
      ]),
      [80, 24],
    )
    expect(text[0]).toContain('heat ended 50s')
    expect(text).toContainEqual(expect.stringMatching(/^n1 +\[#+=+o*\.+\] {2}app {2}50% {2}tasks {2}40%$/))
    expect(text.join('\n')).not.toContain('Attempt')
  })

  it('folds 1,000 nodes into a mark for some each, and shows the cores of the selected one', () => {
    const ui: Ui = {
      ...FIRST_UI,
      pane: 'nodes',
      selections: { ...FIRST_UI.selections, nodes: { key: 'n777', at: 776 } },
    }
    const text = textOf(sceneOf(cluster(1000, 64)), [80, 24], ui)
    const head = text.findIndex(line => line.startsWith('Nodes     1000, 5 nodes a mark'))
    expect(head).toBeGreaterThan(0)
    const marks = text.slice(head + 1).findIndex(line => line.startsWith('> n777'))
    expect(text.slice(head + 1, head + 1 + marks).join('')).toBe('#'.repeat(200))
  })

  it('is readable without colours, and differs from the coloured one only in them', () => {
    const scene = sceneOf(busy(), sampled)
    const lines = strip(scene, FIRST_UI, { width: 80, height: 8 })
    const plain = renderLines(lines, { width: 80, colour: false })
    const coloured = renderLines(lines, { width: 80, colour: true })
    expect(coloured).toContain('\x1b[36m#\x1b[0m')
    // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what colours are.
    expect(coloured.replaceAll(/\x1b\[\d+m/g, '').replaceAll(/ +\n/g, '\n')).toBe(plain)
  })
})

describe('what is told', () => {
  it('does not grow with the run', () => {
    const events = Array.from({ length: 3000 }, (_, number) => [
      queued('reduce', number + 1, number),
      started('reduce', `${number + 1}.1`, number),
      ended('reduce', `${number + 1}.1`, number),
      { type: 'usage', at: at(number * 10), usage: nodeUsage('n1') } as const,
    ]).flat()
    const { told, status } = sceneOf([...launched(), ...events])
    expect(status.tasks[0]?.completed).toBe(3000)
    expect(told.latest).toHaveLength(200)
    expect(told.history.recent.length).toBeLessThanOrEqual(400)
    expect(told.history.whole.length).toBeLessThanOrEqual(400)
    expect(told.state.tasks.get('reduce')?.seen.size).toBe(0)
    const used = told.history.whole.reduce((sum, { use }) => sum + use.total, 0)
    // The measurement is cumulative and always the same: it was used once.
    expect(used).toBe(20)
  })
})
