import { entryPoint } from '../entry-points.ts'

/** What is executed on every node: its path, as this node has it. */
export function agentProgram(): string[] {
  return [process.execPath, entryPoint('agent')]
}
