export async function printRuns(_?: unknown): Promise<number> { return 0 }
