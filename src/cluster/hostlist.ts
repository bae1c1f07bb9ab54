/**
 * The nodes of one of Slurm's host lists, such as `n[1-3,5],gpu[01-02]-ib,x`, in its order, the rightmost bracket
 * counting fastest. null: it is not one, or has more than 65,536 nodes, as many as Slurm allows.
 */
export function expandHostList(text: string): string[] | null {
  const hosts: string[] = []
  for (const entry of splitOutsideBrackets(text.trim())) {
    const expanded = expandEntry(entry.trim())
    if (expanded === null || hosts.length + expanded.length > MOST_ITEMS) return null
    for (const host of expanded) hosts.push(host)
  }
  return hosts
}

/** Numbers with repetitions, such as the `72(x2),36` of SLURM_JOB_CPUS_PER_NODE: `[72, 72, 36]`. null: it is not that. */
export function expandRepeated(text: string): number[] | null {
  const numbers: number[] = []
  for (const part of text.trim().split(',')) {
    const [, number, times = '1'] = /^(\d{1,9})(?:\(x(\d{1,9})\))?$/.exec(part.trim()) ?? []
    if (number === undefined || numbers.length + Number(times) > MOST_ITEMS) return null
    for (let count = 0; count < Number(times); count++) numbers.push(Number(number))
  }
  return numbers
}

const MOST_ITEMS = 65_536

function splitOutsideBrackets(text: string): string[] {
  const entries = text.match(/(?:\[[^\][]*\]|[^,\][])+|[,\][]/g) ?? []
  // Commas stand between entries; a bracket alone is left as an entry, and refused as one.
  return entries.filter(entry => entry !== ',')
}

function expandEntry(entry: string): string[] | null {
  if (!/^(?:[^\s,\][]|\[[\d,-]+\])+$/.test(entry)) return null
  let hosts = ['']
  for (const piece of entry.split(/(?=\[)|(?<=\])/)) {
    const values = piece.startsWith('[') ? expandRanges(piece.slice(1, -1)) : [piece]
    if (values === null || hosts.length * values.length > MOST_ITEMS) return null
    hosts = hosts.flatMap(host => values.map(value => host + value))
  }
  return hosts
}

/** `08-10` is 08, 09, 10: numbers are as wide as the first one. */
function expandRanges(text: string): string[] | null {
  const values: string[] = []
  for (const range of text.split(',')) {
    const [, first, last = first] = /^(\d{1,15})(?:-(\d{1,15}))?$/.exec(range) ?? []
    if (first === undefined || last === undefined) return null
    const [from, to] = [Number(first), Number(last)]
    if (from > to || to - from + values.length >= MOST_ITEMS) return null
    for (let value = from; value <= to; value++) values.push(String(value).padStart(first.length, '0'))
  }
  return values
}
