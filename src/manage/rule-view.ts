import { type Rule, type RuleDefinition, routeKeys } from '../model/rule.ts'
import type { ManageContext } from './context.ts'
import { openSecrets } from './settings.ts'

/** A rule as the API shows it: its definition and what Tocsin keeps beside it. It can be sent back as an edit. */
export type RuleView = RuleDefinition &
  Omit<Rule, 'definition' | 'inline' | 'project' | 'origin'> & {
    /** Names of the secret settings of inline channels, by route key. */
    secrets: Record<string, string[]>
    importedFrom: string | null
  }

/** Keys of a rule as it is shown that an edit may carry and that change nothing. */
export const READ_ONLY = [
  'id',
  'version',
  'secrets',
  'importedFrom',
  'warnings',
  'blocked',
  'createdBy',
  'createdAt',
  'updatedAt',
  'nextDueAt',
  'lastRunAt',
  'lastSuccessAt',
  'lastAlertAt',
  'status',
  'scheduleWords',
] as const

/** Shows a rule. */
export function viewOf({ secrets }: Pick<ManageContext, 'secrets'>, rule: Rule): RuleView {
  const { definition, inline, project: _, origin, ...kept } = rule
  const hidden = routeKeys(definition).flatMap((key) => {
    const sealed = inline[key]?.sealed ?? null
    return sealed === null ? [] : [[key, Object.keys(openSecrets(sealed, secrets, `rules|${rule.id}|${key}`))] as const]
  })
  return { ...kept, ...definition, secrets: Object.fromEntries(hidden), importedFrom: origin?.product ?? null }
}
