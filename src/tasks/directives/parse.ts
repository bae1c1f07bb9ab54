import { closest } from '../../validation/did-you-mean.ts'
import type { DirectiveLine } from './head.ts'
import { type DirectiveOption, OPTIONS } from './options.ts'
import { readTrigger, triggersWith } from './triggers.ts'
import { splitWords, type Word, type WordProblem } from './words.ts'

/** Something wrong in a directive: where, and with which option. */
export interface DirectiveProblem extends WordProblem {
  /** `--filter`; null: it is not about one option. */
  readonly option: string | null
}

export interface ParsedDirectives {
  /** What `task()` would be given. */
  readonly options: Readonly<Record<string, unknown>>
  /** Where each key was given, with those above it: `trigger.filter`. */
  readonly places: ReadonlyMap<string, { readonly word: Word; readonly option: string }>
  readonly problems: readonly DirectiveProblem[]
}

/** All directives of a script together. Pure; what is wrong with values that have the right form, `task()`'s checks say. */
export function parseDirectives(lines: readonly DirectiveLine[]): ParsedDirectives {
  const problems: DirectiveProblem[] = []
  const givens: Given[] = []
  for (const line of lines) {
    const split = splitWords(line)
    if ('words' in split) readOptions(split.words, givens, problems)
    else problems.push({ ...split, option: null })
  }
  const places = new Map(givens.map(({ option, word }) => [option.key, { word, option: `--${option.name}` }]))
  return { options: taskOptions(givens, problems), places, problems }
}

interface Given {
  readonly option: DirectiveOption
  readonly word: Word
  readonly value: string
}

function readOptions(words: readonly Word[], givens: Given[], problems: DirectiveProblem[]): void {
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] as Word
    const [name = '', joined] = nameAndValue(word.text)
    const option = OPTIONS.find(each => `--${each.name}` === name)
    if (option === undefined) {
      problems.push(unknownOption(word, name))
      // Its value is not another mistake.
      if (name.startsWith('-') && joined === undefined && !isOption(words[at + 1])) at += 1
      continue
    }
    const value = joined ?? (option.takes === null || isOption(words[at + 1]) ? undefined : words[++at]?.text)
    const problem = problemWith(option, { word, joined, value, next: words[at + 1], givens })
    if (problem === null) givens.push({ option, word, value: value ?? '' })
    else problems.push({ ...problem, option: `--${option.name}`, line: word.line, column: word.column })
  }
}

function nameAndValue(text: string): readonly [string, string?] {
  const equals = text.indexOf('=')
  return !text.startsWith('--') || equals < 0 ? [text] : [text.slice(0, equals), text.slice(equals + 1)]
}

function isOption(word: Word | undefined): boolean {
  return word?.text.startsWith('--') === true && !word.isQuoted
}

function unknownOption(word: Word, name: string): DirectiveProblem {
  const { line, column } = word
  if (!name.startsWith('--')) {
    const meant = OPTIONS.find(each => `-${each.name}` === name || each.name === name)
    const fix = meant === undefined ? 'quote a value that holds blanks' : `did you mean --${meant.name}?`
    return {
      line,
      column,
      option: null,
      message: `expected an option such as --trigger, found '${name}'`,
      fix,
    }
  }
  const known = OPTIONS.map(each => each.name)
  const meant = closest(name.slice(2), known)
  const fix =
    meant === null ? `known are ${known.map(each => `--${each}`).join(', ')}` : `did you mean --${meant}?`
  return { line, column, option: null, message: `unknown option ${name}`, fix }
}

interface Read {
  readonly word: Word
  readonly joined: string | undefined
  readonly value: string | undefined
  readonly next: Word | undefined
  readonly givens: readonly Given[]
}

function problemWith(
  option: DirectiveOption,
  { joined, value, next, givens }: Read,
): Pick<DirectiveProblem, 'message' | 'fix'> | null {
  const { takes } = option
  if (takes === null && joined !== undefined)
    return {
      message: `expected no value, found '${joined}'`,
      fix: `write --${option.name} alone, or leave it out`,
    }
  if (takes !== null && value === undefined)
    return {
      message: `expected ${takes} after it, found ${next === undefined ? 'nothing' : `'${next.text}'`}`,
      fix: null,
    }
  if (value?.includes('\uFFFD')) return { message: 'expected UTF-8, found other bytes', fix: null }
  if (option.isPair) {
    if (value !== undefined && value.indexOf('=') > 0) return null
    return { message: `expected ${takes}, found '${value}'`, fix: null }
  }
  const before = givens.find(given => given.option === option)
  if (before === undefined) return null
  return { message: `it is given twice, first in line ${before.word.line}`, fix: 'remove one of them' }
}

function taskOptions(
  givens: readonly Given[],
  problems: DirectiveProblem[],
): Readonly<Record<string, unknown>> {
  const options: Record<string, unknown> = {}
  const parts: Record<string, Record<string, unknown>> = {}
  for (const { option, value } of givens) {
    const [key = '', part] = option.key.split('.')
    const given = option.isPair ? pairOf(value) : part === undefined ? null : { [part]: option.value(value) }
    if (given !== null) parts[key] = { ...parts[key], ...given }
    else options[key] = option.value(value)
  }
  const { trigger: triggerOptions = {}, ...rest } = parts
  return { ...options, ...rest, trigger: triggerOf(givens, triggerOptions, problems) }
}

function pairOf(text: string): Record<string, string> {
  const equals = text.indexOf('=')
  return { [text.slice(0, equals)]: text.slice(equals + 1) }
}

function triggerOf(
  givens: readonly Given[],
  options: Readonly<Record<string, unknown>>,
  problems: DirectiveProblem[],
): unknown {
  const given = givens.find(({ option }) => option.key === 'trigger')
  const trigger = readTrigger(given?.value ?? null)
  if ('message' in trigger) {
    const { line = 1, column = 1 } = given?.word ?? {}
    problems.push({ line, column, option: '--trigger', message: trigger.message, fix: trigger.fix })
    return undefined
  }
  for (const { option, word } of givens) {
    const [key, part = ''] = option.key.split('.')
    if (key !== 'trigger' || part === '' || trigger.options.includes(part)) continue
    const found = given === undefined ? 'there is no --trigger' : `this one is ${given.value}`
    const message = `it belongs to a trigger ${triggersWith(part)}, and ${found}`
    problems.push({ line: word.line, column: word.column, option: `--${option.name}`, message, fix: null })
  }
  const own = Object.entries(options).filter(([part]) => trigger.options.includes(part))
  return trigger.make(Object.fromEntries(own))
}
