import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { gunzipSync, inflateSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { archiveFile } from '../../tasks/archive.ts'
import { measureField } from '../../tasks/field-statistics.ts'
import { colourMap } from '../../tasks/lib/colour-map.ts'
import { replaceFile } from '../../tasks/lib/replace-file.ts'
import { renderField, toPlane } from '../../tasks/render-png.ts'
import { float64Bytes, npyBytes } from './npy-bytes.ts'

let folder: string

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'odop-ready-'))
})

afterEach(() => {
  rmSync(folder, { recursive: true })
})

function fieldFile(shape: string, ...values: readonly number[]): string {
  const file = path.join(folder, 'field.npy')
  writeFileSync(file, npyBytes({ shape, data: float64Bytes(...values) }))
  return file
}

describe('field-statistics', () => {
  test('gives least, mean and greatest value and the standard deviation', async () => {
    expect(await measureField(fieldFile('2, 4', 2, 4, 4, 4, 5, 5, 7, 9))).toEqual({
      file: 'field.npy',
      shape: [2, 4],
      count: 8,
      notFinite: 0,
      min: 2,
      mean: 5,
      max: 9,
      std: 2,
    })
  })

  test('keeps its digits when the mean is large beside the deviation', async () => {
    const { std } = await measureField(fieldFile('2,', 1e9, 1e9 + 2))
    expect(std).toBe(1)
  })

  test('leaves out what is not a number, and says how many', async () => {
    const some = await measureField(fieldFile('4,', Number.NaN, 1, 3, -Infinity))
    expect(some).toMatchObject({ count: 2, notFinite: 2, min: 1, mean: 2, max: 3 })
    const none = await measureField(fieldFile('1,', Number.NaN))
    expect(none).toMatchObject({ count: 0, notFinite: 1, min: null, mean: null, max: null, std: null })
  })
})

describe('render-png', () => {
  interface Decoded {
    readonly width: number
    readonly height: number
    readonly pixels: readonly (readonly number[])[]
  }

  function decode(png: Buffer): Decoded {
    const chunks = new Map<string, Buffer>()
    for (let at = 8; at < png.length; at += png.readUInt32BE(at) + 12) {
      chunks.set(png.toString('latin1', at + 4, at + 8), png.subarray(at + 8, at + 8 + png.readUInt32BE(at)))
    }
    const header = chunks.get('IHDR') ?? Buffer.alloc(13)
    const [width, height] = [header.readUInt32BE(0), header.readUInt32BE(4)]
    const rows = inflateSync(chunks.get('IDAT') ?? Buffer.alloc(0))
    const palette = [...(chunks.get('PLTE') ?? [])]
    const indices = [...rows].filter((_, i) => i % (width + 1) !== 0)
    return { width, height, pixels: indices.map(index => palette.slice(3 * index, 3 * index + 3)) }
  }

  const fire = colourMap('fire', 255)

  test('gives the range its colours, and what is no number grey', async () => {
    const values = Float64Array.of(0, 10, -5, 99, Number.NaN, 5)
    const png = await renderField(
      { width: 3, height: 2, values },
      { range: { low: 0, high: 10 }, colours: 'fire' },
    )
    const [dark, light] = [fire[0], fire[254]]
    expect(decode(png)).toEqual({
      width: 3,
      height: 2,
      pixels: [dark, light, dark, light, [128, 128, 128], fire[127]],
    })
  })

  test('renders a field of one value', async () => {
    const values = Float64Array.of(7, 7)
    const png = await renderField(
      { width: 2, height: 1, values },
      { range: { low: 7, high: 7 }, colours: 'fire' },
    )
    expect(decode(png).pixels).toEqual([fire[0], fire[0]])
  })

  test('averages a larger field down to at most 1024 pixels a side', async () => {
    const width = 2047
    const values = Float64Array.from({ length: 2 * width }, (_, i) => i % 2)
    const png = await renderField(
      { width, height: 2, values },
      { range: { low: 0, high: 1 }, colours: 'fire' },
    )
    const picture = decode(png)
    expect([picture.width, picture.height]).toEqual([1024, 1])
    expect(picture.pixels[500]).toEqual(fire[127])
  })

  test('takes planes only, of whatever they were cut from', () => {
    const values = new Float64Array(6)
    expect(toPlane({ shape: [1, 2, 3], values }, 'a.npy')).toEqual({ width: 3, height: 2, values })
    const refused = 'a.npy: expected an array of two dimensions to render, got (6)'
    expect(() => toPlane({ shape: [6], values }, 'a.npy')).toThrow(refused)
  })

  test.each(['fire', 'sea'] as const)('the colours of %s become lighter without a break', name => {
    const lightness = colourMap(name, 64).map(
      ([red, green, blue]) => 0.2126 * red + 0.7152 * green + 0.0722 * blue,
    )
    for (const [i, light] of lightness.entries()) {
      if (i > 0) expect(light).toBeGreaterThan(lightness[i - 1] ?? Infinity)
    }
  })
})

describe('archive', () => {
  test('keeps the file, with a checksum that sha256sum accepts', async () => {
    const file = fieldFile('2,', 1, 2)
    const { archive, originalBytes } = await archiveFile(file, path.join(folder, 'archive'))
    expect(originalBytes).toBe(readFileSync(file).length)
    expect(gunzipSync(readFileSync(archive))).toEqual(readFileSync(file))
    expect(readdirSync(path.join(folder, 'archive'))).toEqual(['field.npy.gz', 'field.npy.gz.sha256'])
    expect(sha256sum('field.npy.gz.sha256')).toEqual({ status: 0, stdout: 'field.npy.gz: OK\n' })
  })

  test.each(['with space', 'back\\slash', 'line\nbreak', 'emoji 🔥'])(
    'takes names such as %j',
    async name => {
      const file = path.join(folder, name)
      writeFileSync(file, name)
      await archiveFile(file, path.join(folder, 'archive'))
      expect(sha256sum(`${name}.gz.sha256`).status).toBe(0)
    },
  )

  test('gives the same bytes again, also when two attempts do it at once', async () => {
    const file = fieldFile('2,', 1, 2)
    const target = path.join(folder, 'archive')
    await archiveFile(file, target)
    const names = readdirSync(target)
    const first = names.map(name => readFileSync(path.join(target, name)))
    await Promise.all([archiveFile(file, target), archiveFile(file, target)])
    expect(readdirSync(target)).toEqual(names)
    expect(names.map(name => readFileSync(path.join(target, name)))).toEqual(first)
  })

  test('leaves nothing when it is aborted', async () => {
    const file = fieldFile('2,', 1, 2)
    const target = path.join(folder, 'archive')
    await expect(archiveFile(file, target, AbortSignal.abort())).rejects.toThrow('aborted')
    expect(readdirSync(target)).toEqual([])
  })

  function sha256sum(checksumFile: string): { status: number | null; stdout: string } {
    const options = { cwd: path.join(folder, 'archive'), encoding: 'utf8' } as const
    const { status, stdout } = spawnSync('sha256sum', ['-c', checksumFile], options)
    return { status, stdout }
  }
})

describe('replaceFile', () => {
  test('leaves the old file, and no other, when writing fails', async () => {
    mkdirSync(path.join(folder, 'results'))
    const file = path.join(folder, 'results', 'a.json')
    writeFileSync(file, 'old')
    const failing = replaceFile(file, async temporary => {
      writeFileSync(temporary, 'half of the n')
      throw new Error('disk full')
    })
    await expect(failing).rejects.toThrow('disk full')
    expect(readFileSync(file, 'utf8')).toBe('old')
    expect(readdirSync(path.dirname(file))).toEqual(['a.json'])
  })
})
