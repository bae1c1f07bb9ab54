import { accessSync, closeSync, constants, openSync, readSync, statSync } from 'node:fs'
import path from 'node:path'
import type { FoundFile } from './exit-code.ts'

/** What is there, where the command is a path and not a name to look up. */
export function foundFile(command: string): FoundFile {
  if (!command.includes('/')) return null
  try {
    return statSync(command).isDirectory() ? 'folder' : 'file'
  } catch {
    return 'nothing'
  }
}

/**
 * Whether the kernel may refuse the file as no program of this machine. The C library's `execvp` would then have it read
 * by `/bin/sh`, whereas a shell says that it can't be executed.
 */
export function mayBeRefused(command: string, searchPath: string | undefined): boolean {
  try {
    const file = command.includes('/') ? command : lookUp(command, searchPath ?? '/bin:/usr/bin')
    if (file === null) return false
    const head = headOf(file)
    if (head.subarray(0, 4).equals(ELF)) return !machineOf(head).equals(machineOf(headOf(process.execPath)))
    return !head.subarray(0, 2).equals(SHEBANG) && firstLine(head).includes(0)
  } catch {
    return false
  }
}

const ELF = Buffer.from('\x7fELF')
const SHEBANG = Buffer.from('#!')
const HEAD_BYTES = 128

function lookUp(name: string, searchPath: string): string | null {
  for (const folder of searchPath.split(':')) {
    const file = path.join(folder, name)
    try {
      accessSync(file, constants.X_OK)
      if (statSync(file).isFile()) return file
    } catch {
      // Not this folder.
    }
  }
  return null
}

function headOf(file: string): Buffer {
  // Not blocking: the command may be a named pipe by mistake.
  const fd = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK)
  try {
    const head = Buffer.alloc(HEAD_BYTES)
    return head.subarray(0, readSync(fd, head, 0, HEAD_BYTES, 0))
  } finally {
    closeSync(fd)
  }
}

/** Word size and byte order, and the instruction set: `e_ident[4..5]` and `e_machine`. */
function machineOf(head: Buffer): Buffer {
  return Buffer.concat([head.subarray(4, 6), head.subarray(18, 20)])
}

function firstLine(head: Buffer): Buffer {
  const end = head.indexOf('\n')
  return end === -1 ? head : head.subarray(0, end)
}
