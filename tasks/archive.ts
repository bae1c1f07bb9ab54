// A compressed copy of each field with a checksum, read back before it counts: FIELD.npy.gz and FIELD.npy.gz.sha256.
// Check them all with: cd out/archive && sha256sum -c *.sha256
//
// ODOP_DATA   folder of the fields, *.npy (data)
// ODOP_OUT    archives go to its folder archive/ (out)
//
// The field itself is left alone: delete it when you like, once its .sha256 file is there.

import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { open, rm, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { PassThrough } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip, createGzip } from 'node:zlib'
import { fileIn, task } from 'odop'
import { replaceFile } from './lib/replace-file.ts'

const { ODOP_DATA = 'data', ODOP_OUT = 'out' } = process.env

export default task(
  {
    name: 'archive',
    trigger: fileIn(ODOP_DATA, { filter: '*.npy' }),
    cpus: 1,
    memory: '500M',
    time: '30m',
    priority: 1,
  },
  async ({ file, signal, log }) => {
    const { archive, originalBytes, archiveBytes } = await archiveFile(
      file,
      join(ODOP_OUT, 'archive'),
      signal,
    )
    log(`${archive}: ${originalBytes} bytes in ${archiveBytes}`)
  },
)

export interface Archived {
  readonly archive: string
  readonly originalBytes: number
  readonly archiveBytes: number
}

/** Makes the archive and its checksum file in `folder`; both are there only when the archive was read back. */
export async function archiveFile(file: string, folder: string, signal?: AbortSignal): Promise<Archived> {
  const archive = join(folder, `${basename(file)}.gz`)
  const checksumFile = `${archive}.sha256`
  // Gone before the archive changes: a checksum file never speaks of another archive than the one beside it.
  await rm(checksumFile, { force: true })
  const made = await replaceFile(archive, async temporary => {
    const original = await compress(file, temporary, signal)
    const { content, compressed } = await readBack(temporary, signal)
    if (content.checksum !== original.checksum) {
      throw new Error(`${archive}: read back, it holds ${content.checksum} instead of ${original.checksum}`)
    }
    return { original, compressed }
  })
  const line = checksumLine(made.compressed.checksum, basename(archive))
  await replaceFile(checksumFile, temporary => writeFile(temporary, line))
  return { archive, originalBytes: made.original.bytes, archiveBytes: made.compressed.bytes }
}

interface Digest {
  readonly checksum: string
  readonly bytes: number
}

async function compress(file: string, target: string, signal?: AbortSignal): Promise<Digest> {
  const original = digesting()
  await pipeline(createReadStream(file), original.stream, createGzip(), createWriteStream(target), { signal })
  await saveToDisk(target)
  return original.digest()
}

async function readBack(
  archive: string,
  signal?: AbortSignal,
): Promise<{ content: Digest; compressed: Digest }> {
  const compressed = digesting()
  const content = digesting()
  const source = createReadStream(archive)
  await pipeline(source, compressed.stream, createGunzip(), content.stream.resume(), { signal })
  return { content: content.digest(), compressed: compressed.digest() }
}

/** A stream that passes everything on, and the SHA-256 of it. */
function digesting(): { stream: PassThrough; digest(): Digest } {
  const hash = createHash('sha256')
  let bytes = 0
  const stream = new PassThrough({
    transform(part: Uint8Array, _encoding, done) {
      hash.update(part)
      bytes += part.length
      done(null, part)
    },
  })
  return { stream, digest: () => ({ checksum: hash.digest('hex'), bytes }) }
}

/** An archive is what is left when the node is gone: it is on the disk, not only in the node's memory. */
async function saveToDisk(file: string): Promise<void> {
  await using written = await open(file)
  await written.sync()
}

/** As `sha256sum` writes it: a name with a line break or a backslash is escaped, and the line says so. */
function checksumLine(checksum: string, name: string): string {
  const escaped = name.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('\r', '\\r')
  return `${escaped === name ? '' : '\\'}${checksum}  ${escaped}\n`
}
