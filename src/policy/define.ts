import type { PolicyFunction } from '../core/policies/question.ts'

/**
 * A policy of one's own: the default export of the module that `--policy ./my-policy.ts` names. For the editor: completes and
 * checks what the function is given and what it returns.
 */
export function definePolicy(policy: PolicyFunction): PolicyFunction {
  return policy
}
