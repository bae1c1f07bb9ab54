/** A `warn` that says each text once: the same cause comes back with every look at a folder. */
export function onceEach(warn: (text: string) => void): (text: string) => void {
  const said = new Set<string>()
  return text => {
    if (said.has(text)) return
    said.add(text)
    warn(text)
  }
}

/** The `code` of a failed system call (`ENOENT`), or the message of any other error. */
export function errorCode(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return (error as NodeJS.ErrnoException).code ?? error.message
}
