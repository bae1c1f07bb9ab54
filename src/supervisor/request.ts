import type { Announcement } from '../app/announcement.ts'
import type { Application } from '../app/launch.ts'
import type { EarlyAgents } from '../cluster/early-agents.ts'
import type { Flags } from '../config.ts'
import type { OdopEvent } from '../core/events.ts'

/** What the command line asks for. */
export interface SuperviseRequest {
  readonly mode: 'run' | 'monitor' | 'drain'
  readonly command: readonly string[]
  readonly flags: Flags
  readonly configFile: string | null
  /** In place of a configuration file, what it would hold: from a program that has started odop. */
  readonly configValues?: unknown
  readonly cwd: string
  readonly environment: Readonly<Record<string, string | undefined>>
}

/** What `supervise` works with. */
export interface SuperviseOptions {
  readonly request: SuperviseRequest
  /** null: `odop drain` has none. */
  readonly application: Application | null
  readonly launchedAt: number
  /** What the application was told of its run. */
  readonly announcement: Announcement
  /** The witness of the signals, whose cost is odop's; null: there is none. */
  readonly witnessPid: () => number | null
  /** The application has started this process, and not the other way round. Default: false. */
  readonly isCalled?: boolean
  /** Launchers of agents that were started before; missing: none were. */
  readonly early?: EarlyAgents
  /** Is told of every event of this launch. */
  readonly onEvent?: (event: OdopEvent) => void
}
