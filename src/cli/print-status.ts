export async function printStatus(_?: unknown): Promise<number> { return 0 }
