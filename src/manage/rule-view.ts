import { type Rule, type RuleDefinition, routeKeys } from '../model/rule.ts'
import { referenceIn } from '../model/secret-reference.ts'
import type { ManageContext } from './context.ts'
import { openSecrets } from './settings.ts'

/** A rule as the API shows it: its definition and what Tocsin keeps beside it. It can be sent back as an edit. */
export type RuleView = RuleDefinition &
  Omit<Rule, 'definition' | 'inline' | 'project' | 'origin' | 'notification'> & {
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
  const { definition, inline, project: _, origin, notification, ...kept } = rule
  const hidden = routeKeys(definition).flatMap((key): [string, string[]][] => {
    const sealed = inline[key]?.sealed ?? null
    if (sealed === null) return []
    if (referenceIn(sealed) !== undefined) return [[key, ['secret_params']]]
    return [[key, Object.keys(openSecrets(sealed, secrets, `rules|${rule.id}|${key}`))] as const]
  })
  const importedFrom = notification === undefined ? (origin?.product ?? null) : 'mlrun'
  return { ...kept, ...definition, secrets: Object.fromEntries(hidden), importedFrom }
}
