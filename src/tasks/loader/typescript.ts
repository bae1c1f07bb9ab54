/** Lets `import` and `require` load TypeScript from here on. tsx costs a quarter of a second: only where it is needed. */
export function understandTypeScript(): Promise<void> {
  registered ??= register()
  return registered
}

let registered: Promise<void> | undefined

async function register(): Promise<void> {
  const [esm, cjs] = await Promise.all([import('tsx/esm/api'), import('tsx/cjs/api')])
  esm.register()
  cjs.register()
}
