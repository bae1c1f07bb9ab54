export async function printDoctor(_?: unknown): Promise<number> { return 0 }
