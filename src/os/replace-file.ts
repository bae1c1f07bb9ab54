import { constants } from 'node:fs'
import { lstat, realpath, rename, rm, writeFile } from 'node:fs/promises'

/** Whoever reads the file meanwhile sees the old one or the new one, never half of one. */
export async function replaceFile(file: string, content: string): Promise<void> {
  // A file that the application writes to (`--summary /dev/stdout`) is not ours to replace.
  const target = file.startsWith('/dev/') ? file : await realpath(file).catch(() => file)
  const there = await lstat(target).catch(() => null)
  // What is no file (`/dev/null`, a pipe) must stay what it is; without O_NONBLOCK a pipe could wait for its reader for ever.
  if (there !== null && !there.isFile()) {
    const flag = constants.O_WRONLY | constants.O_APPEND | constants.O_NONBLOCK
    await writeFile(target, content, { flag })
    return
  }
  const part = `${target}.${process.pid}.part`
  try {
    await writeFile(part, content)
    await rename(part, target)
  } catch (error) {
    await rm(part, { force: true }).catch(() => {})
    throw error
  }
}
