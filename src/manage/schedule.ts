import type { Rule, RuleDefinition } from '../model/rule.ts'
import type { ManageContext } from './context.ts'

/** When a rule that is saved now is due; null while it is paused or blocked. Throws `invalid` for a faulty schedule. */
export function firstDue(
  { clock, readSchedule }: Pick<ManageContext, 'clock' | 'readSchedule'>,
  definition: RuleDefinition,
  blocked: string | null,
  createdAt: number,
): number | null {
  const isIdle = definition.paused || blocked !== null
  // What a rule expects of runs is looked at once it is saved, and it finds its next time itself.
  if ('runs' in definition) return isIdle || definition.expect === undefined ? null : clock.now()
  const schedule = readSchedule(definition.schedule, createdAt)
  return isIdle ? null : schedule.next(clock.now())
}

/** Lets the rules run that waited for a connection of this name. */
export async function releaseRules(context: ManageContext, project: string, connection: string): Promise<void> {
  const { store, clock, onRulesChanged } = context
  const waiting: Rule[] = []
  const limit = 500
  for (let after: number | undefined = 0; after !== undefined; ) {
    const page: { rule: Rule; index: number }[] = await store.rules.list({ project, connection, after, limit })
    waiting.push(...page.map(({ rule }) => rule).filter(({ blocked }) => blocked !== null))
    after = page.length === limit ? page.at(-1)?.index : undefined
  }
  for (const { id, definition, createdAt } of waiting) {
    const nextDueAt = firstDue(context, definition, null, createdAt)
    await store.rules.update(id, null, { blocked: null, nextDueAt, updatedAt: clock.now() })
  }
  if (waiting.length > 0) onRulesChanged()
}
