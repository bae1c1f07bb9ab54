import type { Command } from './command.ts'

export const doctorCommand: Command = {
  usage: 'doctor',
  describe: 'what odop finds on this machine: cores, memory, how cores are given back, what is missing',
  options: {},
  async run() {
    const { printDoctor } = await import('./print-doctor.ts')
    return printDoctor({ cwd: process.cwd(), environment: process.env })
  },
}
