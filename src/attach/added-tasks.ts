import { mkdir, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { Added, Addition } from '../program/messages.ts'
import type { Supervisor } from '../supervisor/bring-up.ts'
import type { Supervision } from '../supervisor/supervise.ts'
import type { TaskProblem } from '../tasks/loaded.ts'
import { refusalText } from '../views/problems-text.ts'

/** Tasks that the program adds while it runs. */
export class AddedTasks {
  readonly #supervision: Supervision
  #folder: Promise<string> | null = null
  /** The last module is written: those that are added together keep their order. */
  #written: Promise<unknown> = Promise.resolve()
  #modules = 0
  #isClosed = false

  constructor(supervision: Supervision) {
    this.#supervision = supervision
  }

  /** Never rejects. */
  async add(addition: Addition): Promise<Added> {
    if (this.#isClosed) return refused('odop has been stopped')
    const supervisor = await this.#supervision.started
    if (supervisor === null) return refused('odop has failed')
    try {
      const place = this.#written.then(() => this.#placeOf(addition, supervisor))
      this.#written = place.catch(() => {})
      const loaded = await supervisor.addTasks([await place])
      if (loaded === null) return refused(supervisor.problem ?? 'this run only measures')
      const isMade = 'source' in addition
      return {
        tasks: loaded.tasks.map(({ name }) => name),
        problems: loaded.problems.map(problem => problemText(problem, isMade)),
      }
    } catch (error) {
      return refused(
        `the task can't be written down: ${error instanceof Error ? error.message : String(error)}`,
      )
    }
  }

  close(): void {
    this.#isClosed = true
  }

  async #placeOf(addition: Addition, supervisor: Supervisor): Promise<string> {
    if ('place' in addition) return addition.place
    this.#folder ??= emptyFolder(supervisor.addedTasksFolder)
    const file = path.join(await this.#folder, `task-${++this.#modules}.mjs`)
    await writeFile(file, addition.source, { mode: 0o600 })
    return file
  }
}

/** What an earlier launch has added is of no use to this one. */
async function emptyFolder(folder: string): Promise<string> {
  await rm(folder, { recursive: true, force: true })
  await mkdir(folder, { recursive: true, mode: 0o700 })
  return folder
}

/** Where the module was made by odop, its place says nothing to the user. */
function problemText(problem: TaskProblem, isMade: boolean): string {
  return isMade ? refusalText({ ...problem, line: null }) : `${problem.file}: ${refusalText(problem)}`
}

function refused(problem: string): Added {
  return { tasks: [], problems: [problem] }
}
