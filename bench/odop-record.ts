import { readFileSync } from 'node:fs'
import path from 'node:path'
import type { Ended } from './processes.ts'

/** A run's own account in its summary.json, and what odop has said. */
export interface OdopRecord {
  readonly availableSeconds: number
  readonly harvestedSeconds: number
  readonly odopSeconds: number
  readonly share: number
  readonly appRunDelaySeconds: number | null
  readonly attempts: number
  readonly failed: number
  readonly notes: readonly string[]
}

/** Of a run with `--summary summary.json`. */
export function odopRecord(folder: string, { stderr }: Ended): OdopRecord {
  const summary = readSummary(path.join(folder, 'summary.json'), stderr)
  const sum = (key: 'attempts' | 'failed') => summary.tasks.reduce((total, task) => total + task[key], 0)
  return {
    availableSeconds: summary.harvest.availableCoreSeconds,
    harvestedSeconds: summary.harvest.harvestedCoreSeconds,
    odopSeconds: summary.totals.coreSeconds.odop,
    share: summary.harvest.share,
    appRunDelaySeconds: summary.totals.appRunDelaySeconds,
    attempts: sum('attempts'),
    failed: sum('failed'),
    notes: [...summary.notes, ...stderr.split('\n').filter(line => line !== '')],
  }
}

interface Summary {
  readonly harvest: {
    readonly availableCoreSeconds: number
    readonly harvestedCoreSeconds: number
    readonly share: number
  }
  readonly totals: {
    readonly coreSeconds: { readonly odop: number }
    readonly appRunDelaySeconds: number | null
  }
  readonly tasks: readonly { readonly attempts: number; readonly failed: number }[]
  readonly notes: readonly string[]
}

function readSummary(file: string, stderr: string): Summary {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch (cause) {
    throw new Error(`odop has written no summary: ${stderr.trim()}`, { cause })
  }
}
