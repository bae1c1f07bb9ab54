import type { TaskDefinition } from './model.ts'

/** A task's parameters as a program's arguments. */
export function parameterWords({
  parameters = {},
  parameterFormat = '{key}={value}',
}: Pick<TaskDefinition, 'parameters' | 'parameterFormat'>): string[] {
  const words = parameterFormat.split(/\s+/).filter(word => word !== '')
  const filled = (name: string, key: string, value: unknown) => (name === 'key' ? key : String(value))
  return Object.entries(parameters).flatMap(([key, value]) =>
    // In one pass: a value may look like a placeholder.
    words.map(word => word.replaceAll(/\{(key|value)\}/g, (_, name: string) => filled(name, key, value))),
  )
}
