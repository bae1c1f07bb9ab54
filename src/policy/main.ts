/**
 * The process that holds a user's policy, with the module's path as its argument. The policy is user code: it may loop for ever,
 * throw or exit, so it is never executed in the supervisor.
 */
import { checkAnswer } from '../core/policies/answer.ts'
import type { PolicyFunction, PolicyQuestion } from '../core/policies/question.ts'
import { bindToSupervisor } from '../tasks/loader/bind.ts'
import { defaultOf } from '../tasks/loader/configuration.ts'
import { problemOf } from '../tasks/loader/failure.ts'
import { importModule } from '../tasks/module.ts'
import { lineIn } from '../tasks/source-lines.ts'
import { distrust } from '../tasks/trusted.ts'
import { describe } from '../validation/describe.ts'
import type { FromPolicy, ToPolicy } from './messages.ts'

const file = process.argv[2] ?? ''
const send = process.send?.bind(process)

bindToSupervisor({ inBackground: false })
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'))
process.on('uncaughtException', error => tell({ type: 'failure', text: thrown(error) }))
// The channel is odop's.
Object.assign(process, { send: undefined, disconnect: undefined, argv: process.argv.slice(0, 2) })

void load().then(policy => {
  if (typeof policy === 'string') tell({ type: 'failure', text: policy })
  else serve(policy)
})

/** What it exports, or why it can't be used. */
async function load(): Promise<PolicyFunction | string> {
  try {
    const distrusted = distrust(file)
    if (distrusted !== null) return `is not used: ${distrusted.message}; fix: ${distrusted.fix}`
    const exported = defaultOf(await importModule(file))
    if (typeof exported === 'function') return exported as PolicyFunction
    return `exports ${describe(exported)} by default, where a function was expected: export default definePolicy(({ items, nodes }) => [])`
  } catch (error) {
    if ((error as NodeJS.ErrnoException | null)?.code === 'ENOENT')
      return 'is not used: there is no such file'
    const { line, message } = problemOf(error, file)
    return `is not used: ${line === null ? '' : `line ${line}: `}${message}`
  }
}

function serve(decide: PolicyFunction): void {
  process.on('message', message => tell(answer(decide, (message as ToPolicy).question)))
  tell({ type: 'ready' })
}

function answer(decide: PolicyFunction, question: PolicyQuestion): FromPolicy {
  try {
    // The policy may change what it is given: what it says is held against the question as it was.
    const checked = checkAnswer(question, decide(structuredClone(question)))
    return 'violation' in checked
      ? { type: 'failure', text: checked.violation }
      : { type: 'answer', placements: checked.placements }
  } catch (error) {
    return { type: 'failure', text: thrown(error) }
  }
}

function thrown(error: unknown): string {
  const line = error instanceof Error ? lineIn(error.stack ?? '', file) : null
  const what = error instanceof Error ? `${error.name}: ${error.message}` : describe(error)
  return `threw ${what.split('\n', 1)[0]}${line === null ? '' : ` (line ${line})`}`
}

function tell(message: FromPolicy): void {
  send?.(message, undefined, undefined, () => {})
}
