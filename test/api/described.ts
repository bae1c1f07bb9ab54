import { z } from 'zod'
import { describeApi } from '../../src/api/openapi.ts'
import { resources } from '../../src/api/resources.ts'

/** The description as a program reads it. */
export interface Described {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components: { readonly schemas: Readonly<Record<string, object>> }
}

interface Operation {
  readonly responses: {
    readonly 200: { readonly content: Readonly<Record<string, { readonly schema: { $ref?: string } }>> }
  }
}

export const described = JSON.parse(JSON.stringify(describeApi(resources, '0.0.0'))) as Described

/** What is wrong with an answer according to the description; null: nothing. */
export function answerProblem(template: string, method: string, answer: unknown): string | null {
  const content = described.paths[template]?.[method]?.responses[200].content['application/json']
  const name = content?.schema.$ref?.split('/').at(-1) ?? ''
  return schemaProblem(name, answer)
}

/** The same with a schema by its name, read back from the description. */
export function schemaProblem(name: string, answer: unknown): string | null {
  const schema = described.components.schemas[name]
  if (schema === undefined) return `no schema ${JSON.stringify(name)}`
  const result = z.fromJSONSchema(schema as z.core.JSONSchema.JSONSchema).safeParse(answer)
  return result.success ? null : z.prettifyError(result.error)
}
