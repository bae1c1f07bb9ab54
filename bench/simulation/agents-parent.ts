import { startRealAgents } from '../real-agents.ts'

/** Starts so many agents, prints their pids as a line of JSON when all have begun, and waits to be killed. */
const { pids, joined } = await startRealAgents(Number(process.argv[2]))
process.stdout.write(`${JSON.stringify(pids.slice(0, joined.length))}\n`)
setInterval(() => {}, 60_000)
