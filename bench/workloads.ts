import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

/** The applications and tasks of fixed work, built and calibrated once for a run of the bench and never again in it. */
export interface Workloads {
  readonly cores: number
  /** Compiled programs; null with the reason in `missing`. */
  readonly application: string | null
  readonly mpi: string | null
  readonly burn: string | null
  /** An application that holds much memory, and a task that takes memory without end. */
  readonly hold: string | null
  readonly devour: string | null
  /** What the machine lacks for the programs that are null. */
  readonly missing: string
  readonly rates: Rates
}

export interface Rates {
  /** Units of work a second on one core, as C and as JavaScript count them. */
  readonly c: number
  readonly node: number
  /** Passes over its arrays a second of each thread, while `streamingCores` or all cores stream. */
  readonly stream: number
  readonly streamAll: number
}

const sources = fileURLToPath(new URL('./workloads/', import.meta.url))
export const nodeApplication = path.join(sources, 'application.js')
export const nodeWork = path.join(sources, 'work.js')

/** Builds into `folder`, and measures how fast the machine is when it is left alone. */
export function prepareWorkloads(folder: string): Workloads {
  const programs = path.join(folder, 'programs')
  mkdirSync(programs)
  const build = (compiler: string, name: string) => compile(compiler, name, path.join(programs, name))
  const application = build('cc', 'application')
  const cores = os.availableParallelism()
  const rate = (program: string | null, ...words: string[]) =>
    program === null ? 0 : Number(execFileSync(program, words, { encoding: 'utf8' }))
  return {
    cores,
    application,
    burn: build('cc', 'burn'),
    hold: build('cc', 'hold'),
    devour: build('cc', 'devour'),
    mpi: installed('mpirun') ? build('mpicc', 'mpi') : null,
    missing: application === null ? 'no C compiler (cc)' : 'no MPI (mpicc, mpirun)',
    rates: {
      c: rate(application, 'rate'),
      node: rate(process.execPath, nodeApplication, 'rate'),
      stream: rate(application, 'stream-rate', '0', '0', String(streamingCores(cores))),
      streamAll: rate(application, 'stream-rate', '0', '0', String(cores)),
    },
  }
}

/** All cores but one. */
export function streamingCores(cores: number): number {
  return Math.max(1, cores - 1)
}

function compile(compiler: string, name: string, program: string): string | null {
  const words = ['-O2', '-pthread', '-o', program, path.join(sources, `${name}.c`)]
  const { status, error, stderr } = spawnSync(compiler, words, { encoding: 'utf8' })
  if (error !== undefined) return null
  if (status !== 0) throw new Error(`${compiler} could not build ${name}.c: ${stderr}`)
  return program
}

export function installed(program: string): boolean {
  return spawnSync(program, ['--version'], { stdio: 'ignore' }).error === undefined
}
