/** Ends an exhaustive `switch`: the compiler refuses a call while a case is missing. */
export function unreachable(value: never): never {
  throw new Error(`unexpected value: ${JSON.stringify(value)}`)
}
