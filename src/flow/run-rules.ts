import { compileRunCondition, type RunCondition } from '../evaluate/run-condition.ts'
import { isExact, lookback, matchesGlob, possibleOccasions, whyUnmatched } from '../evaluate/run-match.ts'
import { viewRun } from '../evaluate/run-view.ts'
import { isQueryRule, isRunRule, type Rule, type RunRule, routeKeys } from '../model/rule.ts'
import type { Occurrence, RunRecord, RunView } from '../model/run.ts'
import type { Occasion, RunMatch } from '../model/run-match.ts'

/** A rule on runs made ready: `tell` writes messages, `expect` looks at all runs, `query` runs its query. */
export interface Watcher {
  rule: Rule
  does: 'tell' | 'expect' | 'query'
  match: RunMatch
  when: readonly Occasion[]
}

/** What a rule has to decide. */
export interface Matter {
  watcher: Watcher
  occurrence: Occurrence
  /** The run as it was then. */
  run: RunView
  /** Occasions that it may be. */
  possible: Occasion[]
}

/** A rule that writes messages, with its conditions parsed. */
export interface RunPlan {
  rule: RunRule
  condition: RunCondition | null
  routeKeys: string[]
  /** The routes' own conditions, by route key. */
  routeConditions: Map<string, RunCondition>
}

/** The rules on runs of all projects, found by the name of a run or what tells it apart. */
export interface WatcherIndex {
  of(project: string, name: string, uid: string): readonly Watcher[]
}

const NONE: readonly Watcher[] = []
/** Names whose rules are remembered. */
const MOST_NAMES = 20_000

/** Indexes rules; those that are paused or blocked watch nothing. */
export function indexWatchers(rules: readonly Rule[]): WatcherIndex {
  const exact = new Map<string, Watcher[]>()
  const single = new Map<string, Watcher[]>()
  const patterns = new Map<string, Watcher[]>()
  const add = (map: Map<string, Watcher[]>, key: string, watcher: Watcher) => {
    const known = map.get(key)
    if (known === undefined) map.set(key, [watcher])
    else known.push(watcher)
  }
  for (const rule of rules) {
    const watcher = watcherOf(rule)
    if (watcher === undefined || rule.definition.paused || rule.blocked !== null) continue
    if (watcher.match.uid !== undefined) add(single, keyOf(rule.project, watcher.match.uid), watcher)
    else if (isExact(watcher.match.name)) add(exact, keyOf(rule.project, watcher.match.name), watcher)
    else add(patterns, rule.project, watcher)
  }
  /** Runs share few names, and most names no rule. */
  const named = new Map<string, readonly Watcher[]>()
  function ofName(project: string, name: string): readonly Watcher[] {
    const key = keyOf(project, name)
    const known = named.get(key)
    if (known !== undefined) return known
    const matching = patterns.get(project)?.filter(({ match }) => matchesGlob(match.name, name)) ?? []
    const found = [...(exact.get(key) ?? []), ...matching]
    if (named.size >= MOST_NAMES) named.clear()
    named.set(key, found.length === 0 ? NONE : found)
    return found
  }
  return {
    of(project, name, uid) {
      const found = ofName(project, name)
      const own = single.size === 0 ? undefined : single.get(keyOf(project, uid))
      if (own === undefined) return found
      return [...found, ...own]
    },
  }
}

/** What a rule watches of runs; undefined when it watches none. */
export function watcherOf(rule: Rule): Watcher | undefined {
  if (isQueryRule(rule)) {
    const { schedule } = rule.definition
    if (!('after' in schedule)) return undefined
    return { rule, does: 'query', match: schedule.after.runs, when: schedule.after.when }
  }
  if (!isRunRule(rule)) return undefined
  const { runs: match, when } = rule.definition
  return when === undefined ? { rule, does: 'expect', match, when: [] } : { rule, does: 'tell', match, when }
}

/** What a rule has to decide of states that a run came to after the rule was made. */
export function mattersOf(
  watcher: Watcher,
  key: { project: string; uid: string },
  record: RunRecord,
  occurrences: readonly Occurrence[],
): Matter[] {
  return occurrences.flatMap((occurrence) => {
    if (watcher.rule.updatedAt > occurrence.arrivedAt) return []
    const possible = possibleOccasions(watcher.when, occurrence)
    if (possible.length === 0) return []
    const run = viewRun(key, record, occurrence)
    return whyUnmatched(watcher.match, run) === null ? [{ watcher, occurrence, run, possible }] : []
  })
}

/** Whether what a rule decides depends on the runs before. */
export function looksBack({ when }: Watcher): boolean {
  return lookback(when) > 0
}

export function planRunRule(rule: RunRule): RunPlan {
  const keys = routeKeys(rule.definition)
  const { condition, routes, policy } = rule.definition
  const routeConditions = new Map<string, RunCondition>()
  routes.forEach((route, index) => {
    if (route.condition !== undefined) routeConditions.set(keys[index] ?? '', compileRunCondition(route.condition))
  })
  return {
    rule,
    // MLRun's policy asks the Jinja engine.
    condition: condition === undefined || policy === 'mlrun' ? null : compileRunCondition(condition),
    routeKeys: keys,
    routeConditions,
  }
}

function keyOf(project: string, name: string): string {
  return `${project}\n${name}`
}
