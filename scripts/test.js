// The whole test: types, lint, then every suite this machine can run. Names what was skipped, and closes with the counts.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const scratch = mkdtempSync(path.join(os.tmpdir(), 'odop-test-'))

const checks = [
  ['types', 'tsc', ['--noEmit']],
  ['types of the report’s page', 'tsc', ['--noEmit', '-p', 'tsconfig.browser.json']],
  ['lint and format', 'biome', ['ci', '.']],
].map(([name, program, options]) => ({ name, passed: runTool(program, options) }))

const words = process.argv.slice(2)
// On a cluster whose nodes are cores of this machine other tests would be somebody else's load.
const clusters = 'test/slurm'
const suites = (
  words.length > 0
    ? [words]
    : [
        ['--exclude', `${clusters}/**`],
        [clusters, '--no-file-parallelism'],
      ]
)
  .map(runSuites)
  .reduce((all, each) => ({
    passed: all.passed + each.passed,
    failed: all.failed + each.failed,
    skipped: [...all.skipped, ...each.skipped],
  }))
rmSync(scratch, { recursive: true, force: true })

for (const name of suites.skipped) console.log(`skipped: ${name}`)
for (const check of checks) if (!check.passed) console.log(`failed: ${check.name}`)
const failed = suites.failed + checks.filter(check => !check.passed).length
const passed = suites.passed + checks.filter(check => check.passed).length
console.log(`${passed} passed, ${failed} failed, ${suites.skipped.length} skipped`)
process.exitCode = failed === 0 ? 0 : 1

function runSuites(options, index) {
  const results = path.join(scratch, `results${index}.json`)
  runTool('vitest', [
    'run',
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${results}`,
    ...options,
  ])
  return readResults(results)
}

function runTool(program, options) {
  const { status } = spawnSync(path.join(root, 'node_modules', '.bin', program), options, {
    cwd: root,
    stdio: 'inherit',
  })
  return status === 0
}

/** A run that left no results, or a suite that could not be loaded, counts as failed: silence is not success. */
function readResults(file) {
  try {
    const { testResults } = JSON.parse(readFileSync(file, 'utf8'))
    const tests = testResults.flatMap(suite => suite.assertionResults)
    const broken = testResults.filter(
      suite => suite.status === 'failed' && !suite.assertionResults.some(failedTest),
    )
    return {
      passed: tests.filter(test => test.status === 'passed').length,
      failed: tests.filter(failedTest).length + broken.length,
      skipped: tests.filter(test => test.status !== 'passed' && !failedTest(test)).map(test => test.fullName),
    }
  } catch (error) {
    console.log(`no test results: ${error.message}`)
    return { passed: 0, failed: 1, skipped: [] }
  }
}

function failedTest(test) {
  return test.status === 'failed'
}
