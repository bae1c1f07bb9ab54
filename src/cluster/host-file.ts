/** The hosts of a file as mpirun takes it, each once: `HOST`, `HOST slots=4` or `HOST:4` a line, and `#` before comments. */
export function hostsIn(text: string): string[] {
  const names = text.split('\n').map(line => /^[^\s#:]+/.exec(line.trim())?.[0])
  return [...new Set(names.filter(name => name !== undefined))]
}
