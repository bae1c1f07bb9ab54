import * as z from 'zod'
import { ITEM_STATES } from '../views/item-detail.ts'
import { answerSchemas } from './answer-schemas.ts'
import type { Parameter, Resource } from './resources.ts'

/** The description of the interface, by which other programs and their generators know it: OpenAPI 3.1. */
export function describeApi(resources: readonly Resource[], version: string): object {
  return {
    openapi: '3.1.0',
    info: {
      title: 'odop',
      version,
      summary: 'What a live run of odop is doing',
      description:
        "Answered on the run's socket, control.sock in its folder, and with --api on a TCP port for who shows the token.",
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    security: [{}, { token: [] }],
    paths: Object.fromEntries(
      resources.map(resource => [resource.path, { [resource.method.toLowerCase()]: operation(resource) }]),
    ),
    components: {
      schemas: Object.fromEntries(
        Object.entries(answerSchemas).map(([name, schema]) => [name, jsonSchema(schema)]),
      ),
      responses: {
        Problem: {
          description: 'What was expected and what was found (RFC 9457)',
          content: { 'application/problem+json': { schema: reference('Problem') } },
        },
      },
      securitySchemes: {
        token: {
          type: 'http',
          scheme: 'bearer',
          description:
            "On a TCP port: the content of api-token in the run's folder. On the run's socket none is needed.",
        },
      },
    },
  }
}

function operation({ method, path, summary, parameters, takes, answers }: Resource): object {
  const words = `${method.toLowerCase()} ${path.replace(/\{\w+\}/, 'one')}`.split(/[^a-z]+/).filter(Boolean)
  const content =
    answers === null
      ? { 'text/plain': { schema: { type: 'string' } } }
      : { 'application/json': { schema: reference(answers) } }
  return {
    operationId: words.map((word, at) => (at === 0 ? word : word[0]?.toUpperCase() + word.slice(1))).join(''),
    summary,
    parameters: parameters.map(describeParameter),
    ...(takes === undefined
      ? {}
      : {
          requestBody: { required: false, content: { 'application/json': { schema: reference(takes) } } },
        }),
    responses: {
      200: { description: summary, content },
      default: { $ref: '#/components/responses/Problem' },
    },
  }
}

function describeParameter({ name, in: place, about, kind, most }: Parameter): object {
  const schemas = {
    text: { type: 'string' },
    state: { type: 'string', enum: ITEM_STATES },
    number: {
      type: 'integer',
      minimum: most === undefined ? 0 : 1,
      ...(most === undefined ? {} : { maximum: most }),
    },
  }
  return { name, in: place, required: place === 'path', description: about, schema: schemas[kind] }
}

function reference(name: string): object {
  return { $ref: `#/components/schemas/${name}` }
}

function jsonSchema(schema: z.ZodType): object {
  // The dialect is that of OpenAPI 3.1 already.
  const { $schema: _, ...rest } = z.toJSONSchema(schema)
  return rest
}
