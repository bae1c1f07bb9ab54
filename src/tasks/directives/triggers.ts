import { closest } from '../../validation/did-you-mean.ts'
import {
  after,
  type FileInOptions,
  type FileUpdatedOptions,
  fileIn,
  fileUpdated,
  signal,
  timer,
} from '../task.ts'

/** How a trigger is written: `WORD:ARGUMENT`. */
interface TriggerForm {
  readonly word: string
  /** As help writes it; null: there is none. */
  readonly argument: string | null
  /** Parts of `trigger` that it takes as options of their own. */
  readonly options: readonly string[]
  /** What `task()` is given as its `trigger`. */
  readonly make: (argument: string, options: Readonly<Record<string, unknown>>) => unknown
}

const FORMS: readonly TriggerForm[] = [
  {
    word: 'file-in',
    argument: 'FOLDER',
    options: ['filter', 'batchSize', 'recursive', 'flush', 'settle', 'on'],
    make: (folder, options) => fileIn(folder, options as FileInOptions),
  },
  {
    word: 'file-updated',
    argument: 'PATH',
    options: ['filter', 'recursive', 'settle', 'on'],
    make: (path, options) => fileUpdated(path, options as FileUpdatedOptions),
  },
  { word: 'timer', argument: 'DURATION', options: [], make: every => timer(every) },
  { word: 'after', argument: 'TASK', options: [], make: task => after(task) },
  { word: 'signal', argument: 'NAME', options: [], make: name => signal(name) },
  { word: 'background', argument: null, options: [], make: () => undefined },
]

/** A script without a trigger is a background task. */
const NONE = FORMS.find(({ word }) => word === 'background') as TriggerForm

export type ReadTrigger =
  | {
      readonly make: (options: Readonly<Record<string, unknown>>) => unknown
      readonly options: readonly string[]
    }
  | { readonly message: string; readonly fix: string | null }

/** @param text as it is written; null: there is none */
export function readTrigger(text: string | null): ReadTrigger {
  const { word, argument } = split(text ?? NONE.word)
  const form = FORMS.find(each => each.word === word)
  if (form === undefined)
    return { message: `expected ${expected(FORMS)}, found '${text}'`, fix: fixFor(text ?? '') }
  if ((form.argument === null) !== (argument === null) || argument === '')
    return { message: `expected ${expected([form])}, found '${text}'`, fix: null }
  return { make: options => form.make(argument ?? '', options), options: form.options }
}

/** Which triggers have an option. */
export function triggersWith(option: string): string {
  return FORMS.filter(({ options }) => options.includes(option))
    .map(({ word }) => word)
    .join(' or ')
}

function split(text: string): { readonly word: string; readonly argument: string | null } {
  const at = text.indexOf(':')
  return at < 0 ? { word: text, argument: null } : { word: text.slice(0, at), argument: text.slice(at + 1) }
}

function expected(forms: readonly TriggerForm[]): string {
  const texts = forms.map(({ word, argument }) => (argument === null ? word : `${word}:${argument}`))
  return texts.join(', ').replace(/, ([^,]*)$/, ' or $1')
}

function fixFor(text: string): string | null {
  const { word, argument } = split(text)
  const words = FORMS.map(each => each.word)
  const meant =
    closest(word, words) ?? words.find(each => each.replace('-', '') === word.toLowerCase()) ?? null
  if (meant !== null) return `did you mean ${meant}${argument === null ? '' : `:${argument}`}?`
  return argument === null ? `for the files of a folder write file-in:${word}` : null
}
