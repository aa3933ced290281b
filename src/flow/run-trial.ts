import { type History, historyOf, isExact, lookback } from '../evaluate/run-match.ts'
import { applyEvent, emptyRecord, occurrencesOf } from '../evaluate/run-record.ts'
import { viewRun } from '../evaluate/run-view.ts'
import type { RunRule } from '../model/rule.ts'
import type { RunState } from '../model/run.ts'
import type { Occasion } from '../model/run-match.ts'
import type { Store } from '../store/index.ts'
import type { RunRow } from '../store/runs.ts'
import { type Matter, mattersOf, watcherOf } from './run-rules.ts'

/** Runs that are looked at for one that the rule would tell of. */
const MOST_RUNS = 200

/** What a rule would decide on. */
export interface Trial {
  matter: Matter
  history: History
}

/** The latest state of a run that a rule is for; a made-up run where none was seen. `now` in ms since 1970. */
export async function trialOf(store: Store, rule: RunRule, now: number): Promise<Trial> {
  const { name } = rule.definition.runs
  const filter = { project: rule.project, limit: MOST_RUNS, ...(isExact(name) ? { name } : {}) }
  for (const row of await store.runs.list(filter)) {
    const matter = latestMatter(rule, row)
    if (matter !== undefined) return { matter, history: await historyFor(store, row, matter) }
  }
  const matter = madeUp(rule, now)
  return { matter, history: historyOf(matter.possible.flatMap(pastFor)) }
}

function latestMatter(rule: RunRule, row: RunRow): Matter | undefined {
  const watcher = watcherOf({ ...rule, updatedAt: 0 })
  if (watcher === undefined) return undefined
  const latestFirst = occurrencesOf(row.record).sort((a, b) => b.time - a.time)
  return mattersOf(watcher, row, row.record, latestFirst)[0]
}

async function historyFor(store: Store, row: RunRow, { possible, occurrence, run }: Matter): Promise<History> {
  const limit = lookback(possible)
  if (limit === 0) return historyOf([])
  const place = { project: row.project, name: run.name, endedAt: occurrence.time, seq: row.seq }
  return historyOf(await store.runs.endedBefore(place, limit + 1))
}

/** A run as the rule is for, of which no more is known than that. */
function madeUp(rule: RunRule, now: number): Matter {
  const { runs, when = ['end'] } = rule.definition
  const [occasion = 'end'] = when
  const isStep = typeof occasion === 'object' && 'step' in occasion
  const state = stateFor(occasion)
  const uid = 'example'
  const { record, fresh } = applyEvent(
    emptyRecord(),
    {
      attempt: 1,
      name: runs.name.replaceAll('*', 'example').replaceAll('?', 'x'),
      ...(runs.kind === undefined ? {} : { kind: runs.kind }),
      labels: runs.labels,
      ...(runs.trigger === undefined ? {} : { trigger: { name: runs.trigger } }),
      ...(isStep ? { steps: [{ name: occasion.step, state }] } : { state }),
      ...(state === 'error' && !isStep ? { error: { message: 'an example of an error' } } : {}),
    },
    now,
    now,
  )
  const [occurrence = { attempt: 1, step: null, state, time: now, arrivedAt: now }] = fresh
  const run = viewRun({ project: rule.project, uid }, record)
  return { watcher: { rule, does: 'tell', match: runs, when }, occurrence, run, possible: [occasion] }
}

/** How the runs before must have ended. */
function pastFor(occasion: Occasion): RunState[] {
  if (typeof occasion === 'object') return 'failures' in occasion ? Array(occasion.failures - 1).fill('error') : []
  return occasion === 'recovered' ? ['error'] : []
}

function stateFor(occasion: Occasion): RunState {
  if (typeof occasion === 'object') return 'failures' in occasion ? 'error' : (occasion.states[0] ?? 'error')
  switch (occasion) {
    case 'start':
      return 'running'
    case 'end':
    case 'change':
    case 'recovered':
      return 'completed'
    case 'first-failure':
      return 'error'
    default:
      return occasion
  }
}
