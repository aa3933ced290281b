import type { Rule } from '../model/rule.ts'

/** What changed among the rules on runs. */
export interface RunRuleChanges {
  revision: number
  /** All of them are told, and those that are not are no more. */
  isAll: boolean
  /** By id; null for a rule that is none on runs, or no more. */
  changed: ReadonlyMap<string, Rule | null>
}

/** Changes that are remembered one by one. */
const MOST_CHANGES = 10_000

/**
 * The rules that look at runs, kept at hand: they are asked for at every event. A rule that changes is read anew, the
 * others stay, however many there are.
 */
export function keepRunRules(read: { all(): Rule[]; one(id: string): Rule | undefined }) {
  let revision = 0
  let kept: Map<string, Rule> | undefined
  const stale = new Set<string>()
  let log: { revision: number; id: string }[] = []
  /** Changes up to this revision are not in the log any more. */
  let forgotten = 0

  function current(): ReadonlyMap<string, Rule> {
    kept ??= new Map(read.all().map((rule) => [rule.id, rule]))
    for (const id of stale) {
      const rule = read.one(id)
      if (rule === undefined) kept.delete(id)
      else kept.set(id, rule)
    }
    stale.clear()
    return kept
  }

  return {
    /** Rises whenever a rule is made, changed or removed. */
    revision: () => revision,

    /** To be called for what changes how rules decide, but no rule, within the transaction. */
    rise(): void {
      revision += 1
    },

    /** To be called with each rule that is made, changed or removed, within the transaction. */
    changed(id: string): void {
      revision += 1
      stale.add(id)
      log.push({ revision, id })
      if (log.length <= MOST_CHANGES) return
      log = log.slice(-MOST_CHANGES / 2)
      forgotten = (log[0]?.revision ?? 0) - 1
    },

    all: (): Rule[] => [...current().values()],

    /** What changed since a revision; all there are for one that is too old, or -1. */
    since(known: number): RunRuleChanges {
      const rules = current()
      if (known < forgotten) return { revision, isAll: true, changed: rules }
      const changed = new Map<string, Rule | null>()
      for (let at = log.length - 1; at >= 0; at -= 1) {
        const entry = log[at]
        if (entry === undefined || entry.revision <= known) break
        changed.set(entry.id, rules.get(entry.id) ?? null)
      }
      return { revision, isAll: false, changed }
    },
  }
}
