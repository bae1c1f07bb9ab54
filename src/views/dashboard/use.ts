import type { CoreSeconds } from '../../core/model.ts'
import type { BarPart } from '../bar.ts'
import { percentText } from '../units.ts'

/** The parts of a bar of core use, as in the summary. */
export function barParts({ app, tasks, odop }: Pick<CoreSeconds, 'app' | 'tasks' | 'odop'>): BarPart[] {
  return [
    { amount: app, mark: '#', style: 'cyan' },
    { amount: tasks, mark: '=', style: 'green' },
    { amount: odop, mark: 'o', style: 'yellow' },
  ]
}

/** `app  50%  tasks  40%`, or spaces of the same width. */
export function shareText({ total, app, tasks }: CoreSeconds): string {
  if (total <= 0) return ' '.repeat(SHARE_WIDTH)
  const share = (part: number) => percentText(part / total).padStart(4)
  return `app ${share(app)}  tasks ${share(tasks)}`
}

export const SHARE_WIDTH = 20
