import type { Clock } from '../clock.ts'
import { AppError } from '../errors.ts'
import { type History, historyOf, lookback, occasionsMet } from '../evaluate/run-match.ts'
import { applyEvent, emptyRecord, occurrencesOf } from '../evaluate/run-record.ts'
import { headOf, nameOf } from '../evaluate/run-view.ts'
import { ownerKey } from '../model/mlrun.ts'
import { isRunRule, type Rule, type RunRule } from '../model/rule.ts'
import { endStates, type Occurrence, type RunRecord, type RunState } from '../model/run.ts'
import type { Store } from '../store/index.ts'
import type { ArrivedEvent, Outcome, RunAdvance, RunDue, RunReport, RunRow } from '../store/runs.ts'
import {
  createWatcherIndex,
  looksBack,
  type Matter,
  mattersOf,
  planRunRule,
  type RunPlan,
  type WatcherIndex,
} from './run-rules.ts'
import { trialOf } from './run-trial.ts'
import { decideOnRun, type RunDraft, type RunVerdictDeps } from './run-verdict.ts'

export interface RunFlow {
  /**
   * Applies events of runs: each is stored together with what rules decide of it and the messages they write. Says what
   * became of each, and whether rules became due.
   */
  onRunEvents(project: string, events: readonly ArrivedEvent[]): Promise<{ outcomes: RunOutcome[]; isDue: boolean }>
  /**
   * Decides for the notifications of a run, and of its schedule, on where the run stands now, since they may have been made
   * after it came there; with `ended` only when it has ended. What was told is not told again.
   */
  reconsider(project: string, uid: string, ended: boolean): Promise<void>
  /** What a rule that tells of runs would send now, without storing or sending anything. */
  tryRule(rule: RunRule): Promise<RunDraft>
}

export type RunOutcome = Exclude<Outcome, 'watched'>

export interface RunFlowDeps extends RunVerdictDeps {
  store: Store
  clock: Clock
}

/** Times that a decision is made anew because the run or a rule changed meanwhile. */
const MOST_TRIES = 100
const NONE: readonly never[] = []

/** What became of an event, and whether it made a rule due. */
interface Settled {
  outcome: RunOutcome
  isDue: boolean
}

/** What an event makes of a run, with what rules have to decide of it. */
interface Advance extends RunAdvance {
  matters: readonly Matter[]
}

export function createRunFlow(deps: RunFlowDeps): RunFlow {
  const { store } = deps
  const underWay = new Map<string, Promise<unknown>>()
  const plans = new WeakMap<Rule, RunPlan>()
  let index = createWatcherIndex()
  let indexed = -1

  /** The rules as they are now. */
  async function watchers(): Promise<WatcherIndex> {
    const { revision, isAll, changed } = await store.rules.onRunsSince(indexed)
    if (isAll) index = createWatcherIndex()
    for (const [id, rule] of changed) index.put(id, rule)
    indexed = revision
    return index
  }

  function planned(rule: Rule): RunPlan {
    const known = plans.get(rule)
    if (known !== undefined) return known
    if (!isRunRule(rule)) throw new Error('A rule on queries cannot decide on runs.')
    const plan = planRunRule(rule)
    plans.set(rule, plan)
    return plan
  }

  /** Decisions that may depend on each other come one after another. */
  function inTurn<T>(key: string, run: () => Promise<T>): Promise<T> {
    const before = underWay.get(key)
    const mine = before === undefined ? run() : before.then(run, run)
    underWay.set(key, mine)
    const clear = () => {
      if (underWay.get(key) === mine) underWay.delete(key)
    }
    mine.then(clear, clear)
    return mine
  }

  /** Decides on a watched event and stores it with the decisions. */
  async function settle(project: string, arrived: ArrivedEvent): Promise<Settled> {
    for (let tries = 0; tries < MOST_TRIES; tries += 1) {
      const index = await watchers()
      const revision = store.rules.revision()
      const row = await store.runs.get(project, arrived.uid)
      const { id } = arrived.event
      if (row !== undefined && id !== undefined && (await store.runs.hasEvent(row, id))) {
        // What was read may not be safe yet; what is answered here is.
        const [known] = await store.runs.apply(project, [arrived], {
          advance: (record) => advance(index, project, record, arrived),
          columnsOf: headOf,
        })
        if (known !== undefined && known !== 'watched') return { outcome: known, isDue: false }
      }
      const change = advance(index, project, row?.record ?? null, arrived)
      const { drafts, reports, due } = await decide(project, row, change)
      const made = [...change.due, ...due]
      const outcome = await store.runs.commit({
        project,
        arrived,
        record: change.record,
        columns: headOf(arrived.uid, change.record),
        due: made,
        version: row?.version ?? 0,
        revision,
        evaluations: drafts.map(({ commit }) => commit),
        reports,
      })
      if (outcome !== 'watched') return { outcome, isDue: made.length > 0 }
    }
    throw changesTooFast(arrived.uid)
  }

  async function decide(project: string, row: RunRow | undefined, change: Advance) {
    const known = row === undefined ? [] : await store.runs.reports(row.seq)
    const drafts: RunDraft[] = []
    const reports: RunReport[] = []
    const due: RunDue[] = []
    for (const matter of change.matters) {
      const { watcher, occurrence } = matter
      const { attempt, step, state } = occurrence
      const isDecided = known.some(
        (report) =>
          report.ruleId === watcher.rule.id &&
          report.attempt === attempt &&
          report.step === (step ?? '') &&
          report.state === state &&
          report.verdict !== 'false',
      )
      if (isDecided || (await isOverridden(project, matter))) continue
      const history = await historyBefore(project, row, change, matter)
      if (watcher.does === 'query') {
        if (occasionsMet(matter.possible, history).length > 0) due.push({ ruleId: watcher.rule.id, occurrence })
        continue
      }
      const draft = await decideOnRun(deps, planned(watcher.rule), matter, history, 'run', deps.clock.now())
      drafts.push(draft)
      const { id: evaluationId, verdict } = draft.commit
      reports.push({ ruleId: watcher.rule.id, occurrence, verdict, evaluationId })
    }
    return { drafts, reports, due }
  }

  /** A list of notifications that is set for the run itself takes the place of its schedule's. */
  async function isOverridden(project: string, { watcher: { rule }, run }: Matter): Promise<boolean> {
    if (rule.notification?.owner.kind !== 'schedule') return false
    return store.notificationLists.isSet(project, ownerKey({ kind: 'run', name: run.uid }))
  }

  /** Decides anew on where a run stands; false when it or a rule changed meanwhile. */
  async function reconsiderOnce(project: string, uid: string, ended: boolean): Promise<boolean> {
    const index = await watchers()
    const revision = store.rules.revision()
    const row = await store.runs.get(project, uid)
    if (row === undefined || (ended && !endStates.includes(row.state))) return true
    const change = standing(index, row, deps.clock.now())
    if (change === null) return true
    const { drafts, reports } = await decide(project, row, change)
    if (reports.length === 0) return true
    const arrivedAt = deps.clock.now()
    const outcome = await store.runs.commit({
      project,
      arrived: { uid, event: { attempt: row.attempt }, time: arrivedAt, arrivedAt },
      record: change.record,
      columns: headOf(uid, change.record),
      due: change.due,
      version: row.version,
      revision,
      evaluations: drafts.map(({ commit }) => commit),
      reports,
    })
    return outcome !== 'watched'
  }

  /** How runs of the name, and attempts of this one, ended before. */
  async function historyBefore(
    project: string,
    row: RunRow | undefined,
    { record }: RunAdvance,
    { possible, occurrence, run }: Matter,
  ): Promise<History> {
    const limit = lookback(possible)
    if (limit === 0) return historyOf([])
    const own = endsBefore(record, occurrence)
    const place = { project, name: run.name, endedAt: occurrence.time, seq: row?.seq ?? 0 }
    return historyOf([...own, ...(await store.runs.endedBefore(place, limit + 1))])
  }

  return {
    reconsider: (project, uid, ended) =>
      inTurn(`${project}\n\n${uid}`, async () => {
        for (let tries = 0; tries < MOST_TRIES; tries += 1) if (await reconsiderOnce(project, uid, ended)) return
        throw changesTooFast(uid)
      }),

    async tryRule(rule) {
      const now = deps.clock.now()
      const { matter, history } = await trialOf(store, rule, now)
      return decideOnRun(deps, planRunRule(rule), matter, history, 'dry-run', now)
    },

    async onRunEvents(project, events) {
      const index = await watchers()
      const watched = new Map<ArrivedEvent, Advance>()
      let isDue = false
      const first = await store.runs.apply(project, events, {
        advance(record, arrived) {
          const made = advance(index, project, record, arrived)
          if (made.isWatched) watched.set(arrived, made)
          else isDue ||= made.due.length > 0
          return made
        },
        columnsOf: headOf,
      })
      const outcomes: RunOutcome[] = []
      const waiting: Promise<void>[] = []
      for (const [place, arrived] of events.entries()) {
        const outcome = first[place] ?? 'watched'
        if (outcome !== 'watched') {
          outcomes[place] = outcome
          continue
        }
        const turn = inTurn(turnOf(project, arrived, watched.get(arrived)), () => settle(project, arrived))
        waiting.push(
          turn.then((settled) => {
            outcomes[place] = settled.outcome
            isDue ||= settled.isDue
          }),
        )
      }
      await Promise.all(waiting)
      return { outcomes, isDue }
    },
  }
}

/** What decisions come one after another by: those that look at runs before, for all runs of the name. */
function turnOf(project: string, { uid }: ArrivedEvent, made: Advance | undefined): string {
  const before = made?.matters.find(({ watcher }) => looksBack(watcher))
  return before === undefined ? `${project}\n\n${uid}` : `${project}\n${before.run.name}`
}

/** What an event makes of what is known of a run, and what rules have to do with it. */
function advance(
  index: WatcherIndex,
  project: string,
  known: RunRecord | null,
  { uid, event, time, arrivedAt }: ArrivedEvent,
): Advance {
  const { record, fresh, overtaken } = applyEvent(known ?? emptyRecord(), event, time, arrivedAt)
  const watchers = fresh.length + overtaken.length === 0 ? NONE : index.of(project, nameOf(uid, record), uid)
  if (watchers.length === 0) return { record, due: NONE, matters: NONE, isWatched: false }
  const occurrences = [...fresh, ...overtaken]
  const due: RunDue[] = []
  const matters: Matter[] = []
  for (const watcher of watchers) {
    if (watcher.does !== 'expect') matters.push(...mattersOf(watcher, { project, uid }, record, occurrences))
    else if (fresh.some(({ step }) => step === null)) due.push({ ruleId: watcher.rule.id, occurrence: null })
  }
  return { record, due, matters, isWatched: matters.length > 0 }
}

/** What the rules of notifications have to do with where a run stands; null when it came nowhere yet. */
function standing(index: WatcherIndex, row: RunRow, now: number): Advance | null {
  const { project, uid, record, name, state, attempt } = row
  const reached = occurrencesOf(record).find(
    (one) => one.step === null && one.attempt === attempt && one.state === state,
  )
  if (reached === undefined) return null
  const matters = index
    .of(project, name, uid)
    .filter(({ rule }) => rule.notification !== undefined)
    .flatMap((watcher) => mattersOf(watcher, { project, uid }, record, [{ ...reached, arrivedAt: now }]))
  return { record, due: NONE, matters, isWatched: true }
}

function changesTooFast(uid: string): AppError {
  return new AppError('unavailable', `The run "${uid}" changes too fast for its rules. Send it again.`)
}

/** How the attempts of a run before one ended, newest first. */
function endsBefore(record: RunRecord, { attempt }: Occurrence): RunState[] {
  return occurrencesOf(record)
    .filter((one) => one.step === null && one.attempt < attempt && endStates.includes(one.state))
    .sort((a, b) => b.attempt - a.attempt || b.time - a.time)
    .map(({ state }) => state)
}
