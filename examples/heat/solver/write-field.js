import { closeSync, openSync, renameSync, rmSync, writeSync } from 'node:fs'
import path from 'node:path'

/** Writes a square field, and returns the file's path. */
export function writeField(folder, step, values, size) {
  return writeArray(path.join(folder, `heat-${String(step).padStart(6, '0')}.npy`), values, [size, size])
}

/**
 * Writes a NumPy array (format 1.0, float64, C order) and returns the file's path. It is renamed into place when it is
 * complete, so nobody ever sees half a field.
 */
export function writeArray(file, values, shape) {
  const temporary = path.join(path.dirname(file), `.${path.basename(file)}.part`)
  try {
    writeAll(temporary, [npyHeader(shape), new Uint8Array(values.buffer)])
    renameSync(temporary, file)
  } catch (error) {
    rmSync(temporary, { force: true })
    throw error
  }
  return file
}

function writeAll(file, parts) {
  const descriptor = openSync(file, 'w')
  try {
    for (const part of parts) {
      for (let done = 0; done < part.length; ) done += writeSync(descriptor, part, done)
    }
  } finally {
    closeSync(descriptor)
  }
}

/** https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html: the header's length is a multiple of 64. */
function npyHeader(shape) {
  const fixed = 10
  const description = `{'descr': '<f8', 'fortran_order': False, 'shape': (${shape.join(', ')}), }`
  const padded = description.padEnd(Math.ceil((fixed + description.length + 1) / 64) * 64 - fixed - 1)
  const header = Buffer.from(`\x93NUMPY\x01\x00\0\0${padded}\n`, 'latin1')
  header.writeUInt16LE(padded.length + 1, 8)
  return header
}
