import { execFileSync } from 'node:child_process'
import * as fs from 'node:fs/promises'
import { pathToBytes } from '../../src/os/path-bytes.ts'

/** Node's file functions for odop's paths: any bytes. */
export const writeFile = (path: string, text: string) => fs.writeFile(pathToBytes(path), text)
export const rename = (from: string, to: string) => fs.rename(pathToBytes(from), pathToBytes(to))
export const symlink = (target: string, path: string) => fs.symlink(target, pathToBytes(path))
export const rm = (path: string) => fs.rm(pathToBytes(path), { recursive: true })

export async function mkdir(path: string): Promise<void> {
  await fs.mkdir(pathToBytes(path), { recursive: true })
}

export function mkfifo(path: string): void {
  execFileSync('mkfifo', [path])
}
