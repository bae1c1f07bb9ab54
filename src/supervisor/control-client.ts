import { readlink } from 'node:fs/promises'
import { connect } from 'node:net'
import { type ControlReply, type ControlRequest, readReply } from './control-protocol.ts'

const ANSWER_MILLISECONDS = 5_000

/** Asks a live run by its `control.sock`. null: nobody answers there. */
export async function askRun(
  file: string,
  request: ControlRequest,
  answerMilliseconds = ANSWER_MILLISECONDS,
): Promise<ControlReply | null> {
  // Where the path of the run's folder is too long for a socket, a link leads to it.
  const socket = await readlink(file).catch(() => file)
  return new Promise(resolve => {
    let received = ''
    const connection = connect(socket, () => connection.write(`${JSON.stringify(request)}\n`))
    const settle = (reply: ControlReply | null) => {
      connection.destroy()
      resolve(reply)
    }
    connection.setEncoding('utf8')
    connection.setTimeout(answerMilliseconds, () => settle(null))
    connection.on('error', () => settle(null))
    connection.on('close', () => settle(null))
    connection.on('data', (data: string) => {
      received += data
      const end = received.indexOf('\n')
      if (end >= 0) settle(readReply(received.slice(0, end)))
    })
  })
}
