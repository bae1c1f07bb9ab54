// Copies each output to where it is to stay, as soon as it is complete, and reads it back: NAME, and NAME.sha256 when the copy is
// known to be right. ODOP_STORE is that folder, such as one on a file system that is not cleaned up (store).

import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { copyFile, open, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { fileIn, task } from 'odop'
import { replaceFile } from '../../../tasks/lib/replace-file.ts'

const { ODOP_STORE = 'store' } = process.env

export default task(
  {
    name: 'copy',
    trigger: fileIn('data', { filter: '*.npy' }),
    time: '10m',
    ioBound: true,
    retries: { limit: 5, delay: '30s' },
  },
  async ({ file, signal, log }) => {
    const target = join(ODOP_STORE, basename(file))
    const checksum = await checksumOf(file, signal)
    await replaceFile(target, async temporary => {
      await copyFile(file, temporary)
      await saveToDisk(temporary)
      const copied = await checksumOf(temporary, signal)
      if (copied !== checksum) throw new Error(`${target}: the copy has ${copied} instead of ${checksum}`)
    })
    const line = `${checksum}  ${basename(target)}\n`
    await replaceFile(`${target}.sha256`, temporary => writeFile(temporary, line))
    log(`${target}: ${checksum}`)
  },
)

async function checksumOf(file: string, signal: AbortSignal): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(file), hash, { signal })
  return hash.digest('hex')
}

/** Otherwise what is read back is what the node remembers, not what is on the disk. */
async function saveToDisk(file: string): Promise<void> {
  await using written = await open(file)
  await written.sync()
}
