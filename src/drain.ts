export async function drainRun(_: unknown): Promise<number> { return 0 }
