// Packs copies that are known to be right, four at a time and at the end what is left: file systems and tapes like few large files
// better than many small ones. FIRST--LAST.tar, which holds the checksums, too; the copies are removed when it is whole.

import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { fileIn, task } from 'odop'
import { replaceFile } from '../../../tasks/lib/replace-file.ts'

const { ODOP_STORE = 'store' } = process.env
const execute = promisify(execFile)

export default task(
  {
    name: 'pack',
    // What `copy` writes last.
    trigger: fileIn(ODOP_STORE, { filter: '*.sha256', batchSize: 4, flush: 'end' }),
    time: '10m',
    ioBound: true,
  },
  async ({ files, signal, log }) => {
    const names = files.map(file => basename(file, '.sha256')).sort()
    const folder = dirname(files[0])
    const members = names.flatMap(name => [name, `${name}.sha256`])
    const pack = join(folder, 'packs', `${names[0]}--${names.at(-1)}.tar`)
    // An attempt that was ended while it removed the copies had made a whole pack of them before.
    const make = async (temporary: string) => {
      await execute('tar', ['--create', '--file', temporary, '--directory', folder, ...members], { signal })
      // Compares each member with the file that it was made of.
      await execute('tar', ['--compare', '--file', temporary, '--directory', folder], { signal })
    }
    if (members.every(name => existsSync(join(folder, name)))) await replaceFile(pack, make)
    for (const name of members) await rm(join(folder, name), { force: true })
    log(`${pack}: ${names.join(', ')}`)
  },
)
