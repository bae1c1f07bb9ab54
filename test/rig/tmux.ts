import { spawnSync } from 'node:child_process'
import type { Rig } from './rig.ts'
import { until } from './rig.ts'

/** Whether a terminal can be had here. */
export const hasTmux = spawnSync('tmux', ['-V']).status === 0

/** A real terminal with a shell in it, as a user has one; ends with the test. */
export interface Terminal extends AsyncDisposable {
  /** Types a line, with Enter. */
  type(line: string): void
  /** The same without Enter. */
  write(text: string): void
  /** A key by tmux's name, or a character; several come in one piece. */
  key(...names: readonly string[]): void
  /** What can be seen now, line by line. */
  screen(): string[]
  /** The same with the sequences by which it is coloured. */
  colours(): string
  /** What was scrolled out above, too. */
  all(): string[]
  resize(columns: number, rows: number): void
  /** Waits until what can be seen is so; shows it when it never is. */
  see(
    what: string,
    seen: (text: string, lines: readonly string[]) => boolean,
    seconds?: number,
  ): Promise<string[]>
  /** Process id of the shell. */
  readonly shell: number
}

let count = 0
/** Each takes a process, so that is many seconds. */
const MOST_LOOKS = 5_000

export function openTerminal(
  rig: Rig,
  [columns, rows]: readonly [number, number],
  environment: Readonly<Record<string, string>> = {},
): Terminal {
  // A server of its own, that knows nothing of a user's.
  const name = `odop-test-${process.pid}-${count++}`
  const tmux = (...words: readonly string[]) =>
    spawnSync('tmux', ['-L', name, '-f', '/dev/null', ...words], {
      encoding: 'utf8',
      env: tmuxEnvironment(rig, environment),
    })
  const size = ['-x', String(columns), '-y', String(rows)]
  tmux('new-session', '-d', ...size, '-c', rig.folder, 'PS1="$ " exec sh')
  const capture = (...words: readonly string[]) =>
    tmux('capture-pane', '-p', ...words)
      .stdout.split('\n')
      .slice(0, -1)
  // What is typed before would stand where the shell's first prompt comes.
  for (let looks = 0; looks < MOST_LOOKS && !capture()[0]?.startsWith('$'); looks++);
  const terminal: Terminal = {
    type(line) {
      tmux('send-keys', '-l', line)
      tmux('send-keys', 'Enter')
    },
    write: text => void tmux('send-keys', '-l', text),
    key: (...names) => void tmux('send-keys', ...names),
    screen: () => capture(),
    colours: () => capture('-e').join('\n'),
    all: () => capture('-S', '-'),
    resize: (width, height) => void tmux('resize-window', '-x', String(width), '-y', String(height)),
    async see(what, seen, seconds = 30) {
      let lines: string[] = []
      const looks = () => {
        lines = terminal.screen()
        return seen(lines.join('\n'), lines)
      }
      await until(what, looks, seconds).catch(error => {
        throw new Error(`${error.message}; seen was:\n${lines.join('\n')}`)
      })
      return lines
    },
    shell: Number(tmux('list-panes', '-F', '#{pane_pid}').stdout),
    async [Symbol.asyncDispose]() {
      tmux('kill-server')
    },
  }
  return terminal
}

function tmuxEnvironment(rig: Rig, environment: Readonly<Record<string, string>>) {
  const { TMUX: _, NO_COLOR: __, ...rest } = process.env
  return {
    ...rest,
    ODOP_PATH: rig.odopPath,
    ODOP_RIG: rig.folder,
    ODOP_IDLE_THRESHOLD: '100%',
    ...environment,
  }
}
