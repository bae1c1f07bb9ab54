import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { resources } from '../../src/api/resources.ts'
import { described, schemaProblem } from './described.ts'

/** What OpenAPI 3.1 (and JSON Schema 2020-12 below it) asks for, of all that the description uses; nothing else may be in it. */
const reference = z.strictObject({ $ref: z.string().startsWith('#/components/') })

const jsonSchema: z.ZodType = z.lazy(() =>
  z.strictObject({
    $ref: z.string().optional(),
    type: z
      .union([
        z.enum(['object', 'array', 'string', 'number', 'integer', 'boolean', 'null']),
        z.array(z.enum(['object', 'array', 'string', 'number', 'integer', 'boolean', 'null'])),
      ])
      .optional(),
    properties: z.record(z.string(), jsonSchema).optional(),
    required: z.array(z.string()).optional(),
    additionalProperties: z.union([z.boolean(), jsonSchema]).optional(),
    propertyNames: jsonSchema.optional(),
    items: jsonSchema.optional(),
    anyOf: z.array(jsonSchema).min(1).optional(),
    oneOf: z.array(jsonSchema).min(1).optional(),
    enum: z.array(z.unknown()).min(1).optional(),
    const: z.unknown().optional(),
    format: z.string().optional(),
    pattern: z
      .string()
      .refine(text => new RegExp(text))
      .optional(),
    minimum: z.number().optional(),
    maximum: z.number().optional(),
    minItems: z.int().optional(),
    description: z.string().optional(),
  }),
)

const content = z.record(z.string().regex(/^[a-z]+\/[a-z+.-]+$/), z.strictObject({ schema: jsonSchema }))
const response = z.union([reference, z.strictObject({ description: z.string(), content })])
const parameter = z.strictObject({
  name: z.string().min(1),
  in: z.enum(['query', 'header', 'path', 'cookie']),
  required: z.boolean(),
  description: z.string(),
  schema: jsonSchema,
})
const operation = z.strictObject({
  operationId: z.string().regex(/^[a-zA-Z]+$/),
  summary: z.string().min(1),
  parameters: z.array(parameter),
  requestBody: z.strictObject({ required: z.boolean(), content }).optional(),
  responses: z.record(z.string().regex(/^([1-5]\d\d|[1-5]XX|default)$/), response),
})
const document = z.strictObject({
  openapi: z.string().regex(/^3\.1\.\d+$/),
  info: z.strictObject({
    title: z.string(),
    version: z.string(),
    summary: z.string(),
    description: z.string(),
    license: z.strictObject({ name: z.string(), identifier: z.string() }),
  }),
  servers: z.array(z.strictObject({ url: z.string() })),
  security: z.array(z.record(z.string(), z.array(z.string()))),
  paths: z.record(
    z.string().startsWith('/'),
    z.partialRecord(z.enum(['get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'trace']), operation),
  ),
  components: z.strictObject({
    schemas: z.record(z.string().regex(/^[\w.-]+$/), jsonSchema),
    responses: z.record(z.string().regex(/^[\w.-]+$/), response),
    securitySchemes: z.record(
      z.string(),
      z.strictObject({ type: z.literal('http'), scheme: z.literal('bearer'), description: z.string() }),
    ),
  }),
})

type Document = z.infer<typeof document>

describe('the OpenAPI description', () => {
  it('has the structure that OpenAPI 3.1 asks for', () => {
    const result = document.safeParse(described)
    expect(result.error && z.prettifyError(result.error)).toBeUndefined()
  })

  it('is found wrong when it is', () => {
    const broken = structuredClone(described) as unknown as Record<string, Record<string, unknown>>
    delete broken['info']?.['title']
    expect(document.safeParse(broken).success).toBe(false)
  })

  it('refers to nothing that is not there', () => {
    const texts = JSON.stringify(described).matchAll(/"\$ref":"#\/([^"]+)"/g)
    const referred = [...new Set([...texts].map(match => match[1] ?? ''))]
    expect(referred.length).toBeGreaterThan(5)
    for (const path of referred) {
      const found = path
        .split('/')
        .reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], described)
      expect(found, path).toBeDefined()
    }
  })

  it('declares each parameter of a path, as required, and names each operation once', () => {
    const { paths } = described as unknown as Document
    const ids: string[] = []
    for (const [path, operations] of Object.entries(paths)) {
      for (const one of Object.values(operations)) {
        if (one === undefined) continue
        ids.push(one.operationId)
        const declared = one.parameters.filter(each => each.in === 'path')
        expect(declared.map(each => `{${each.name}}`)).toEqual([...path.matchAll(/\{\w+\}/g)].map(String))
        expect(declared.every(each => each.required)).toBe(true)
      }
    }
    expect(new Set(ids).size).toBe(resources.length)
  })

  it('can tell a wrong answer', () => {
    const problem = { type: 'about:blank', title: 'Not Found', status: 404, detail: 'there is /' }
    expect(schemaProblem('Problem', problem)).toBeNull()
    expect(schemaProblem('Problem', { ...problem, status: '404' })).toMatch(/status/)
    expect(schemaProblem('Problem', { ...problem, more: 1 })).toMatch(/more/)
  })
})
