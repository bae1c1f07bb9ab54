// Pictures of |B| in the three planes through the middle of the cube: tasks that are made in a loop.

import { writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { fileIn, task } from 'odop'
import { replaceFile } from '../../../tasks/lib/replace-file.ts'
import { type Plane, renderField } from '../../../tasks/render-png.ts'
import { magnitudes, readFields } from './lib/fields.ts'

/** How far apart in memory neighbours are, in so many points a side: across and down the picture, and through it. */
const planes = {
  x: { across: 1, down: 2, through: 0 },
  y: { across: 0, down: 2, through: 1 },
  z: { across: 0, down: 1, through: 2 },
}

/** The same colours for all steps, so that they make a film: the field decays from here. */
const range = { low: 0, high: 1.6 }

export default Object.entries(planes).map(([axis, directions]) =>
  task(
    {
      name: `slice-${axis}`,
      trigger: fileIn('data', { filter: 'mhd-*.npy' }),
      memory: '2G',
      time: '10m',
      priority: 5,
    },
    async ({ file, signal }) => {
      const { size, magnetic } = await readFields(file, signal)
      const png = await renderField(middlePlane(magnitudes(magnetic), size, directions), {
        range,
        colours: 'fire',
      })
      const picture = join('out', `slices-${axis}`, `${basename(file, '.npy')}.png`)
      await replaceFile(picture, temporary => writeFile(temporary, png))
    },
  ),
)

export function middlePlane(
  values: Float64Array,
  size: number,
  { across, down, through }: { across: number; down: number; through: number },
): Plane {
  const first = Math.floor(size / 2) * size ** through
  const plane = Float64Array.from({ length: size ** 2 }, (_, at) => {
    const [row, column] = [Math.floor(at / size), at % size]
    return values[first + row * size ** down + column * size ** across] ?? Number.NaN
  })
  return { width: size, height: size, values: plane }
}
