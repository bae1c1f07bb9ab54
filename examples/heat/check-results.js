// Was every field reduced, rendered and archived, and are the results whole? node check-results.js [FOLDER]
// FOLDER holds data/ and out/ (the current one). Exit code 1 if anything is missing, with a line for each problem.
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { gunzipSync, inflateSync } from 'node:zlib'

/** One line for each kind of result, and one for each problem. */
export function checkResults(folder) {
  const fields = namesIn(path.join(folder, 'data')).filter(name => name.endsWith('.npy'))
  const lines = []
  const problems = fields.length === 0 ? [`no fields in ${path.join(folder, 'data')}`] : []
  for (const [done, { place, check }] of Object.entries(results)) {
    const found = fields.map(name => problemOf(() => check(folder, name))).filter(problem => problem !== null)
    problems.push(...found)
    lines.push(
      `${fields.length - found.length} of ${fields.length} fields ${done.padEnd(21)} ${path.join(folder, 'out', place)}`,
    )
  }
  return { fields: fields.length, lines, problems }
}

/** Nothing is in a folder that is not there: the solver may have failed before it made it. */
function namesIn(folder) {
  return existsSync(folder) ? readdirSync(folder) : []
}

const results = {
  reduced: { place: 'statistics', check: checkStatistics },
  rendered: { place: 'pictures', check: checkPicture },
  'archived and verified': { place: 'archive', check: checkArchive },
}

function checkStatistics(folder, name) {
  const file = path.join(folder, 'out', 'statistics', name.replace(/\.npy$/, '.json'))
  const { count, min, mean, max, shape } = JSON.parse(readFileSync(file, 'utf8'))
  const [height, width] = shapeOf(folder, name)
  expect(shape[0] === height && shape[1] === width && count === height * width, `${file}: not of this field`)
  // Heat only flows from hot to cold: nothing gets colder than the coldest or hotter than the hottest wall or piece.
  expect(min >= 0 && min <= mean && mean <= max && max <= 100, `${file}: ${min}, ${mean}, ${max} cannot be`)
}

function checkPicture(folder, name) {
  const file = path.join(folder, 'out', 'pictures', name.replace(/\.npy$/, '.png'))
  const chunks = pngChunks(readFileSync(file))
  const [height, width] = shapeOf(folder, name)
  const size = chunks.get('IHDR')
  expect(
    size.readUInt32BE(0) === width && size.readUInt32BE(4) === height,
    `${file}: not ${width} x ${height}`,
  )
  expect(inflateSync(chunks.get('IDAT')).length === (width + 1) * height, `${file}: not all of its pixels`)
  expect(chunks.has('IEND'), `${file}: ends too early`)
}

function checkArchive(folder, name) {
  const file = path.join(folder, 'out', 'archive', `${name}.gz`)
  const archive = readFileSync(file)
  const expected = `${createHash('sha256').update(archive).digest('hex')}  ${name}.gz\n`
  expect(
    readFileSync(`${file}.sha256`, 'utf8') === expected,
    `${file}: another checksum than in ${file}.sha256`,
  )
  expect(gunzipSync(archive).equals(readFileSync(path.join(folder, 'data', name))), `${file}: not this field`)
}

function shapeOf(folder, name) {
  const head = readFileSync(path.join(folder, 'data', name))
    .subarray(0, 128)
    .toString('latin1')
  return /'shape': \((\d+), (\d+)\)/.exec(head).slice(1).map(Number)
}

function pngChunks(png) {
  const chunks = new Map()
  for (let at = 8; at < png.length; ) {
    const length = png.readUInt32BE(at)
    chunks.set(png.toString('latin1', at + 4, at + 8), png.subarray(at + 8, at + 8 + length))
    at += length + 12
  }
  return chunks
}

function expect(isRight, problem) {
  if (!isRight) throw new Error(problem)
}

function problemOf(check) {
  try {
    check()
    return null
  } catch (error) {
    return error.message
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { lines, problems } = checkResults(process.argv[2] ?? '.')
  for (const line of [...lines, ...problems]) console.log(line)
  if (problems.length > 0) process.exitCode = 1
}
