import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, truncateSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { runPaths } from '../../src/journal/run-paths.ts'
import { writePage } from '../../src/supervisor/write-page.ts'
import { createRig } from '../rig/rig.ts'
import { writeGeneratedRun } from '../views/report/generated-run.ts'

const RUN = { name: 'made-up', nodes: 2, cores: 4, hours: 0.5, attempts: 30, every: 10 }

test('a run’s page is written into its folder', async () => {
  await using rig = createRig()
  writeGeneratedRun(rig.odopPath, RUN)
  const paths = runPaths(rig.odopPath, RUN.name)
  await writePage(paths, ['n001', 'n002'])
  expect(readFileSync(paths.report, 'utf8')).toMatch(/^<!doctype html>[\s\S]*reduce#6\.1[\s\S]*<\/html>\n$/)
})

test('a run too large for the end of a batch script is left to odop report', async () => {
  await using rig = createRig()
  writeGeneratedRun(rig.odopPath, RUN)
  const paths = runPaths(rig.odopPath, RUN.name)
  truncateSync(paths.metrics('n002'), 100 << 20)
  await writePage(paths, ['n001', 'n002'])
  expect(existsSync(paths.report)).toBe(false)
})

test('a file system that does not answer holds it up for some seconds only, and nothing is left behind', async () => {
  await using rig = createRig()
  const paths = runPaths(rig.odopPath, 'hangs')
  mkdirSync(paths.folder, { recursive: true })
  execFileSync('mkfifo', [paths.journal])
  await writePage(paths, [])
  expect(readdirSync(paths.folder)).toEqual([path.basename(paths.journal)])
})
