import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { itemDetailSchema, taskDetailSchema } from '../../src/api/answer-schemas.ts'
import { draftReport } from '../../src/views/report/report.ts'
import { reportJson } from '../../src/views/report/report-json.ts'
import { RunLog } from '../../src/views/report/run-log.ts'
import { statusOf } from '../../src/views/status.ts'
import { summarySchema } from '../../src/views/summary-schema.ts'
import { at, launched, queued, started, told } from './samples.ts'

const reference = read('../../docs/reference.md')

describe('docs/reference.md', () => {
  it('documents every field of summary.json, and none that is not there', () => {
    const documented = fieldsOf(section('## summary.json'))
    const real = leavesOf(summarySchema, '').filter(
      path => !/^totals\.(coreSeconds|memoryBytes|interference)\./.test(path),
    )
    expect(documented).toEqual(
      [...real, 'totals.coreSeconds', 'totals.memoryBytes', 'totals.interference'].sort(),
    )
  })

  it('documents every field of odop status --json, and none that is not there', () => {
    const { state, details } = told(
      ...launched(),
      queued('reduce', 1, 1),
      queued('reduce', 2, 1),
      started('reduce', '1.1', 2),
      { type: 'note', at: at(3), level: 'info', text: 'a remark' },
    )
    const status = statusOf(state, { now: at(9), alive: true, details, snapshot: null })
    const own = pathsOf(status, '').filter(path => !/^(nodes|harvest)[[.]/.test(path))
    expect(fieldsOf(section('## odop status --json'))).toEqual([...own, 'harvest', 'nodes'].sort())
  })

  it('documents every field of the details of a task and of a work item, and none that is not there', () => {
    // What is described elsewhere counts as one.
    const fields = (schema: z.ZodType) => [
      ...new Set(leavesOf(schema, '').map(path => path.replace(/^(definition|active\[\])\..*/, '$1'))),
    ]
    expect(fieldsOf(section('## Details of a task'))).toEqual(fields(taskDetailSchema).sort())
    expect(fieldsOf(section('## Details of a work item'))).toEqual(fields(itemDetailSchema).sort())
  })

  it('documents every field of odop report --format json, and none that is not there', () => {
    const log = new RunLog({ items: false })
    const told = [...launched(), queued('reduce', 1, 1), queued('reduce', 2, 1), started('reduce', '1.1', 2)]
    for (const event of told) log.take(event)
    const draft = draftReport(log, { now: at(9), alive: true, attemptLog: attempt => attempt })
    const report = draft === null ? null : reportJson(draft.finish())
    const own = pathsOf(report, '').filter(path => !path.startsWith('summary.'))
    expect(fieldsOf(section('## odop report --format json'))).toEqual([...own, 'summary'].sort())
  })

  const events = interfacesOf(read('../../src/core/events.ts')).filter(found => found.type !== null)

  it('knows all events', () => expect(events.length).toBeGreaterThanOrEqual(15))

  it.each(events.map(event => [event.type, event.fields] as const))(
    'documents the event %s',
    (type, fields) => {
      const own = fields.filter(field => field !== 'type' && field !== 'at')
      expect(fieldsOf(section(`### \`${type}\``))).toEqual(own.sort())
    },
  )

  const objects = [
    'Settings',
    'NodeFacts',
    'CorePlace',
    'TaskDefinition',
    'WorkItem',
    'MpiNeeds',
    'Placement',
    'AttemptUsage',
    'ProgressUsage',
    'GpuUsage',
  ]
  const model = interfacesOf(read('../../src/core/model.ts'))

  it.each([...objects, 'NodeUsage'])('documents the object %s', name => {
    const found = model.find(candidate => candidate.name === name)
    expect(fieldsOf(section(`#### ${name}`))).toEqual([...(found?.fields ?? [])].sort())
  })
})

function read(path: string): string {
  return readFileSync(new URL(path, import.meta.url), 'utf8')
}

/** The text from a heading to the next one of any level. */
function section(heading: string): string {
  const start = reference.indexOf(`\n${heading}\n`)
  expect(start, `no heading ${heading}`).toBeGreaterThan(-1)
  return reference.slice(start + heading.length + 2).split(/^#+ /m, 1)[0] ?? ''
}

/** The first cells of the table in a section. */
function fieldsOf(text: string): readonly string[] {
  return [...text.matchAll(/^\| `([^`]+)` *\|/gm)].map(match => match[1] ?? '').sort()
}

function leavesOf(schema: z.ZodType, path: string): readonly string[] {
  if (schema instanceof z.ZodNullable) return leavesOf(schema.unwrap() as z.ZodType, path)
  if (schema instanceof z.ZodArray) {
    const element = schema.element as z.ZodType
    const whole = path === 'command' ? path : `${path}[]`
    return leavesOf(element, whole)
  }
  if (!(schema instanceof z.ZodObject)) return [path]
  return Object.entries(schema.shape as Record<string, z.ZodType>).flatMap(([key, value]) =>
    leavesOf(value, path === '' ? key : `${path}.${key}`),
  )
}

/** The same of a value: each of its lists has an element. */
function pathsOf(value: unknown, path: string): readonly string[] {
  if (Array.isArray(value)) return path === 'command' ? [path] : pathsOf(value[0], `${path}[]`)
  if (typeof value !== 'object' || value === null) return [path]
  return Object.entries(value).flatMap(([key, inner]) => pathsOf(inner, path === '' ? key : `${path}.${key}`))
}

interface Found {
  readonly name: string
  readonly type: string | null
  readonly fields: string[]
}

/** Interfaces as the sources of odop write them: fields at two spaces, `}` at the start of a line. */
function interfacesOf(source: string): readonly Found[] {
  return [...source.matchAll(/^export interface (\w+)[^{]*\{\n([\s\S]*?)^\}/gm)].map(
    ([, name = '', body = '']) => ({
      name,
      type: body.match(/^ {2}readonly type: '([^']+)'$/m)?.[1] ?? null,
      fields: [...body.matchAll(/^ {2}readonly (\w+)\??:/gm)].map(match => match[1] ?? ''),
    }),
  )
}
