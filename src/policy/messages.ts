import type { PolicyPlacement, PolicyQuestion } from '../core/policies/question.ts'

/** To the process that holds a user's policy. Nothing else comes before the answer. */
export type ToPolicy = { readonly type: 'question'; readonly question: PolicyQuestion }

export type FromPolicy =
  /** The module was loaded, and exports a function. */
  | { readonly type: 'ready' }
  /** Checked against the question. */
  | { readonly type: 'answer'; readonly placements: readonly PolicyPlacement[] }
  /** What is wrong, as the end of a sentence that begins with the policy. It is asked nothing more. */
  | { readonly type: 'failure'; readonly text: string }
