import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { runPaths } from '../src/journal/run-paths.ts'
import { writeGeneratedRun } from '../test/views/report/generated-run.ts'

console.log(
  'placeholder',
  os,
  mkdtempSync,
  rmSync,
  statSync,
  spawn,
  path,
  fileURLToPath,
  runPaths,
  writeGeneratedRun,
)
