import { viewRun } from '../evaluate/run-view.ts'
import type { RunView } from '../model/run.ts'
import type { RunFilter, StoredReport } from '../store/run-reads.ts'
import type { RunRow } from '../store/runs.ts'
import { findRun, type ManageContext } from './context.ts'
import { type ReporterState, reporterStates } from './run-reporters.ts'

/** A run as the API shows it. */
export interface ShownRun extends RunView {
  /** When its first and latest events arrived, ms since 1970. */
  createdAt: number
  updatedAt: number
}

export type RunManager = ReturnType<typeof manageRuns>

export function manageRuns({ store }: Pick<ManageContext, 'store'>) {
  return {
    /** Newest first; each with its cursor. Steps and logs are shown for one run alone. */
    list: async (filter: RunFilter): Promise<{ run: Omit<ShownRun, 'steps' | 'log'>; cursor: number }[]> =>
      (await store.runs.list(filter)).map((row) => {
        const { steps: _, log: __, ...run } = shown(row)
        return { run, cursor: row.seq }
      }),

    /** What every rule did for a run. Throws `not-found`. */
    reporters: (project: string, uid: string): Promise<ReporterState[]> => reporterStates(store, project, uid),

    /** The run with what rules made of it. Throws `not-found`, naming the nearest one. */
    async get(project: string, uid: string): Promise<ShownRun & { reports: ShownReport[] }> {
      const row = await findRun(store, project, uid)
      const reports = await store.runs.reports(row.seq)
      return { ...shown(row), reports: await Promise.all(reports.map(reportOf)) }
    },
  }

  async function reportOf({ ruleId, step, ...report }: StoredReport): Promise<ShownReport> {
    const rule = await store.rules.get(ruleId)
    return { rule: rule?.definition.name ?? null, ruleId, step: step === '' ? null : step, ...report }
  }
}

/** What a rule made of a state of a run. */
interface ShownReport extends Omit<StoredReport, 'step'> {
  /** The rule's name; null when it was removed. */
  rule: string | null
  step: string | null
}

function shown(row: RunRow): ShownRun {
  return { ...viewRun(row, row.record), createdAt: row.createdAt, updatedAt: row.updatedAt }
}
