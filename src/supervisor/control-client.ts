import { readlink } from 'node:fs/promises'
import { connect } from 'node:net'
import { type ControlReply, type ControlRequest, readReply } from './control-protocol.ts'

const ANSWER_MILLISECONDS = 5_000

/** Asks a live run by its `control.sock`. null: nobody answers there, or not in time (0: there is no limit). */
export async function askRun(
  file: string,
  request: ControlRequest,
  answerMilliseconds = ANSWER_MILLISECONDS,
): Promise<ControlReply | null> {
  // In the run's folder there is a link: the path of the socket itself is never too long.
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
