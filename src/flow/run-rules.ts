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
  /** Puts a rule in, in the place of what was known by its id; null takes it out. */
  put(id: string, rule: Rule | null): void
}

const NONE: readonly Watcher[] = []
/** Names whose rules are remembered. */
const MOST_NAMES = 20_000

/** An empty index. Rules that are paused or blocked watch nothing. */
export function createWatcherIndex(): WatcherIndex {
  const known = new Map<string, Watcher>()
  const exact = new Sets()
  const single = new Sets()
  const patterns = new Sets()
  /** Runs share few names, and most names no rule. */
  const named = new Map<string, readonly Watcher[]>()

  function setOf({ match, rule: { project } }: Watcher): [sets: Sets, key: string] {
    if (match.uid !== undefined) return [single, keyOf(project, match.uid)]
    return isExact(match.name) ? [exact, keyOf(project, match.name)] : [patterns, project]
  }

  function ofName(project: string, name: string): readonly Watcher[] {
    const key = keyOf(project, name)
    const before = named.get(key)
    if (before !== undefined) return before
    const matching = [...(patterns.of(project) ?? NONE)].filter(({ match }) => matchesGlob(match.name, name))
    const found = [...(exact.of(key) ?? NONE), ...matching]
    if (named.size >= MOST_NAMES) named.clear()
    named.set(key, found.length === 0 ? NONE : found)
    return found
  }

  return {
    of(project, name, uid) {
      const own = single.of(keyOf(project, uid))
      const found = ofName(project, name)
      return own === undefined ? found : [...found, ...own]
    },
    put(id, rule) {
      const before = known.get(id)
      if (before !== undefined) {
        const [sets, key] = setOf(before)
        sets.remove(key, before)
        known.delete(id)
        if (sets !== single) named.clear()
      }
      const watcher = rule === null || rule.definition.paused || rule.blocked !== null ? undefined : watcherOf(rule)
      if (watcher === undefined) return
      const [sets, key] = setOf(watcher)
      sets.add(key, watcher)
      known.set(id, watcher)
      if (sets !== single) named.clear()
    },
  }
}

/** Rules by key. */
class Sets {
  readonly #sets = new Map<string, Set<Watcher>>()

  /** undefined where there is none. */
  of(key: string): ReadonlySet<Watcher> | undefined {
    return this.#sets.get(key)
  }

  add(key: string, watcher: Watcher): void {
    const known = this.#sets.get(key)
    if (known === undefined) this.#sets.set(key, new Set([watcher]))
    else known.add(watcher)
  }

  remove(key: string, watcher: Watcher): void {
    const known = this.#sets.get(key)
    known?.delete(watcher)
    if (known?.size === 0) this.#sets.delete(key)
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
