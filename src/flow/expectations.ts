import { type Expected, lookAtRuns, type ReadSchedule, type SeenRun, type Series } from '../evaluate/expectation.ts'
import { isExact, matchesGlob, whyUnmatched } from '../evaluate/run-match.ts'
import { viewRun } from '../evaluate/run-view.ts'
import { isRunRule, type Rule } from '../model/rule.ts'
import type { RunMatch } from '../model/run-match.ts'
import type { Store } from '../store/index.ts'
import type { RunRow } from '../store/runs.ts'

/** Names of runs that one rule looks at, and runs of each. */
const MOST_NAMES = 1000
const MOST_OPEN = 500
const MOST_ENDED = 20

export interface ExpectationDeps {
  store: Store
  readSchedule: ReadSchedule
}

/** What the runs that a rule is about fail to do now; null for a rule that expects nothing. `now` in ms since 1970. */
export async function expectedOf(
  { store, readSchedule }: ExpectationDeps,
  rule: Rule,
  now: number,
): Promise<Expected | null> {
  if (!isRunRule(rule) || rule.definition.expect === undefined) return null
  const { runs: match, expect } = rule.definition
  const series: Series[] = []
  for (const name of await namesOf(store, rule.project, match)) {
    const found = await seriesOf(store, rule.project, name, match)
    if (isExact(match.name) || found.open.length + found.ended.length > 0) series.push(found)
  }
  const { alerts } = await store.evaluations.state(rule.id)
  return lookAtRuns({ expect, since: rule.updatedAt, series, alerts, now, readSchedule })
}

/** A name without `*` is expected even if no run had it yet; of others, those that were seen. */
async function namesOf(store: Store, project: string, match: RunMatch): Promise<string[]> {
  if (isExact(match.name)) return [match.name]
  const names = await store.runs.seriesNames(project, 20 * MOST_NAMES)
  return names.filter((name) => matchesGlob(match.name, name)).slice(0, MOST_NAMES)
}

async function seriesOf(store: Store, project: string, name: string, match: RunMatch): Promise<Series> {
  const { open, ended } = await store.runs.latest(project, name, MOST_OPEN, MOST_ENDED)
  const seen = (row: RunRow): SeenRun[] => {
    const { updatedAt, record } = row
    const view = viewRun(row, record)
    return whyUnmatched(match, view) === null ? [{ ...view, updatedAt }] : []
  }
  return { name, open: open.flatMap(seen), ended: ended.flatMap(seen) }
}
