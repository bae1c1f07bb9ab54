import { type Command, stringOf } from './command.ts'

export const reportCommand: Command = {
  usage: 'report [RUN]',
  describe: 'what a live or finished run did with its cores, as text, pictures or data (default: the newest)',
  options: {
    format: {
      type: 'string',
      describe: 'text (default), html: a page with pictures, svg: a figure, json or csv: for notebooks',
      requiresArg: true,
    },
    output: {
      type: 'string',
      describe: 'write to this file; - is stdout (default: stdout, and for html the run’s folder)',
      requiresArg: true,
    },
    table: {
      type: 'string',
      describe: 'what csv has a row for: attempts (default), items, nodes or cores',
      requiresArg: true,
    },
  },
  async run(given) {
    const { printReport } = await import('./print-report.ts')
    return printReport({
      run: stringOf(given, 'RUN'),
      format: stringOf(given, 'format'),
      output: stringOf(given, 'output'),
      table: stringOf(given, 'table'),
      cwd: process.cwd(),
      environment: process.env,
    })
  },
}
