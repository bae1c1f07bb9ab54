import type { Explanation } from './explanation.ts'
import { bulletLines } from './layout.ts'
import { type Line, renderLines, styled, type TextOptions, usableWidth } from './lines.ts'
import { printable } from './printable.ts'

/** What `odop explain` prints. */
export function explanationText(explanations: readonly Explanation[], options: TextOptions): string {
  const width = usableWidth(options)
  const lines = explanations.flatMap((each, at) => [...(at === 0 ? [] : [[]]), ...taskLines(each, width)])
  return renderLines(lines.length === 0 ? [['no task has been defined yet']] : lines, options)
}

function taskLines({ task, pending, running, ended, reasons }: Explanation, width: number): readonly Line[] {
  return [
    [styled('bold', printable(task)), `: ${pending} pending, ${running} running, ${ended} ended`],
    ...reasons.flatMap(reason => bulletLines(printable(reason), width)),
  ]
}
