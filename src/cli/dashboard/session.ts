import { itemOf } from '../../core/ids.ts'
import type { ControlReply } from '../../supervisor/control-protocol.ts'
import { frame } from '../../views/dashboard/frame.ts'
import { scrollRoom } from '../../views/dashboard/open-panel.ts'
import { listsOf, rowsOf } from '../../views/dashboard/rows.ts'
import type { Scene, Size } from '../../views/dashboard/scene.ts'
import { FIRST_UI, type Key, press, type Ui, type UiCommand } from '../../views/dashboard/ui.ts'
import type { Line } from '../../views/lines.ts'
import { type Status, statusOf } from '../../views/status.ts'
import type { FollowedRun } from './follow-run.ts'
import { type Live, watchLive } from './live.ts'
import { panelText } from './panel-text.ts'

/** A dashboard that somebody looks at: what is new comes in, keys are obeyed, frames come out. */
export interface Session {
  /** Looks for what is new; true: the frame has changed. Never rejects. */
  poll(now: number): Promise<boolean>
  /** True: the user wants to quit. */
  press(key: Key, size: Size, now: number): boolean
  frame(size: Size, now: number): Line[]
  scene(now: number): Scene
}

/** Something that is over after this time is not said any more. */
const MESSAGE_MILLISECONDS = 5000
/** What is open is read again at these intervals. */
const PANEL_MILLISECONDS = 1000
/** Times go on, though nothing happens. */
const TICK_MILLISECONDS = 1000

/**
 * @param first the status is known to exist: something was launched
 * @param onChange a frame should be drawn before the next poll
 */
export function openSession(run: FollowedRun, onChange: () => void): Session {
  const { told } = run
  const live: Live = watchLive(run)
  let ui: Ui = FIRST_UI
  let panel: readonly string[] | null = null
  let panelAt = 0
  let message: { readonly text: string; readonly until: number } | null = null
  let drawnAt = 0
  let known: { readonly status: Status; readonly now: number } | null = null

  return {
    async poll(now) {
      const grew = await run.poll(now)
      const looked = await live.poll(now)
      const read = ui.open !== null && now >= panelAt && (await readPanel(now))
      const silenced = message !== null && now >= message.until
      if (silenced) message = null
      if (grew) known = null
      const ticks = now - drawnAt >= TICK_MILLISECONDS && status(now).end === null && run.alive()
      return grew || looked || read || silenced || ticks
    },
    press(key, size, now) {
      const scene = sceneOf(now)
      const rows = rowsOf(scene, ui)
      const room = scrollRoom(scene, ui, size)
      const pressed = press(ui, key, { ...listsOf(scene, rows), scrollRoom: room })
      const opens = pressed.ui.open !== ui.open
      ui = pressed.ui
      if (opens) {
        panel = null
        void readPanel(now).then(onChange)
      }
      if (pressed.command?.type === 'quit') return true
      if (pressed.command !== null) void obey(pressed.command, now)
      return false
    },
    frame(size, now) {
      drawnAt = now
      return frame(sceneOf(now), ui, size, now)
    },
    scene: sceneOf,
  }

  function status(now: number): Status {
    // Times are shown in seconds.
    if (known !== null && now - known.now < TICK_MILLISECONDS / 2) return known.status
    const { state, details } = told
    const made = statusOf(state, { now, alive: run.alive(), details, snapshot: null })
    if (made === null) throw new Error('a session begins after the first launch')
    known = { status: made, now }
    return made
  }

  function sceneOf(now: number): Scene {
    const { samples, memory } = live
    return {
      told,
      status: status(now),
      samples,
      memory,
      attached: live.attached(),
      panel,
      message: message?.text ?? null,
    }
  }

  async function readPanel(now: number): Promise<boolean> {
    panelAt = now + PANEL_MILLISECONDS
    const { open } = ui
    const text = await panelText(open, { run, live, status: status(now) })
    // Something else may have been opened meanwhile.
    if (ui.open !== open || String(text) === String(panel)) return false
    panel = text
    return true
  }

  async function obey(command: Exclude<UiCommand, { type: 'quit' }>, now: number): Promise<void> {
    const isPaused = status(now).pausedSince !== null
    const item = command.type === 'cancel' ? itemOf(command.item) : ''
    const reply =
      command.type === 'cancel'
        ? await live.ask({ type: 'cancel', item })
        : await live.ask({ type: isPaused ? 'resume' : 'pause' })
    const done = command.type === 'cancel' ? `${item} is cancelled` : isPaused ? 'resumed' : 'paused'
    message = { text: answerText(reply, done), until: Date.now() + MESSAGE_MILLISECONDS }
    onChange()
  }

  function answerText(reply: ControlReply | null, done: string): string {
    if (reply?.ok) return done
    if (reply !== null) return reply.problem
    if (!run.alive()) return 'the run is over: there is nothing to be told any more'
    return `the run does not answer here; it can be told only on ${told.state.launch?.host}`
  }
}
