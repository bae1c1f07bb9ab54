/** One option of directives, and the parameter of `task()` that it stands for. */
export interface DirectiveOption {
  /** Without its `--`. */
  readonly name: string
  /** Of the parameter, with a dot for a part of it: `retries.limit`, `trigger.filter`. */
  readonly key: string
  /** What it is followed by, as help writes it; null: nothing, it says `true`. */
  readonly takes: string | null
  /** Makes what `task()` would be given; it is checked there. */
  readonly value: (text: string) => unknown
  /** It may be given several times, each time a NAME=VALUE. */
  readonly isPair?: true
}

/** Every parameter of `task()` but `command`, which is the script itself. */
export const OPTIONS: readonly DirectiveOption[] = [
  { name: 'name', key: 'name', takes: 'NAME', value: asIs },
  { name: 'trigger', key: 'trigger', takes: 'TRIGGER', value: asIs },
  { name: 'filter', key: 'trigger.filter', takes: 'GLOB', value: globOrRegExp },
  { name: 'batch-size', key: 'trigger.batchSize', takes: 'N', value: number },
  { name: 'recursive', key: 'trigger.recursive', takes: null, value: yes },
  { name: 'flush', key: 'trigger.flush', takes: 'end|never', value: asIs },
  { name: 'settle', key: 'trigger.settle', takes: 'DURATION', value: asIs },
  { name: 'on', key: 'trigger.on', takes: 'each-node', value: asIs },
  { name: 'priority', key: 'priority', takes: 'N', value: number },
  { name: 'cpus', key: 'cpus', takes: 'N|all|any', value: number },
  { name: 'gpus', key: 'gpus', takes: 'N|all', value: number },
  { name: 'nodes', key: 'nodes', takes: 'N|all|any', value: number },
  { name: 'ranks', key: 'ranks', takes: 'N|all', value: number },
  { name: 'ranks-per-node', key: 'ranksPerNode', takes: 'N|all', value: number },
  { name: 'cpus-per-rank', key: 'cpusPerRank', takes: 'N', value: number },
  { name: 'mpi', key: 'mpi', takes: 'TYPE', value: asIs },
  { name: 'depends-on', key: 'dependsOn', takes: 'TASKS', value: names },
  { name: 'memory', key: 'memory', takes: 'SIZE', value: asIs },
  { name: 'disk-limit', key: 'diskLimit', takes: 'SIZE', value: asIs },
  { name: 'time', key: 'time', takes: 'DURATION', value: asIs },
  { name: 'max-runs', key: 'maxRuns', takes: 'N', value: number },
  { name: 'replicas', key: 'replicas', takes: 'N', value: number },
  { name: 'retries', key: 'retries.limit', takes: 'N', value: number },
  { name: 'retry-delay', key: 'retries.delay', takes: 'DURATION', value: asIs },
  { name: 'io-bound', key: 'ioBound', takes: null, value: yes },
  { name: 'network-bound', key: 'networkBound', takes: null, value: yes },
  { name: 'outputs', key: 'outputs', takes: 'PATTERN', value: asIs },
  { name: 'checkpoint', key: 'checkpoint', takes: null, value: yes },
  { name: 'env', key: 'env', takes: 'NAME=VALUE', value: asIs, isPair: true },
  { name: 'cwd', key: 'cwd', takes: 'FOLDER', value: asIs },
  { name: 'parameter', key: 'parameters', takes: 'KEY=VALUE', value: asIs, isPair: true },
  { name: 'parameter-format', key: 'parameterFormat', takes: 'FORMAT', value: asIs },
]

/** A message about parameters of `task()`, as one about options. */
export function inOptions(text: string): string {
  return text.replaceAll(/`(\w+)(: [^`]*)?`|\b[a-z]+[A-Z]\w*\b/g, (found, key: string | undefined, value) => {
    const option = OPTIONS.find(each => each.key.split('.').at(-1) === (key ?? found))
    if (option === undefined) return found
    const name = `--${option.name}${(value ?? '').replaceAll(/[:']/g, '')}`
    return key === undefined ? name : `\`${name}\``
  })
}

function asIs(text: string): string {
  return text
}

function yes(): true {
  return true
}

/** `a,b`: both; `a|b`: one of them. */
function names(text: string): unknown {
  const of = text.includes('|') ? 'any' : 'all'
  return { [of]: text.split(of === 'any' ? '|' : ',').map(name => name.trim()) }
}

/** What is no number stays a text, for `task()` to say what it expects. */
function number(text: string): number | string {
  return /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i.test(text) ? Number(text) : text
}

/** `/^step-\d+$/i` is a RegExp: no name matches a glob between slashes. */
function globOrRegExp(text: string): RegExp | string {
  const [, source, flags] = /^\/(.+)\/([a-z]*)$/s.exec(text) ?? []
  if (source === undefined) return text
  try {
    return new RegExp(source, flags)
  } catch {
    return text
  }
}
