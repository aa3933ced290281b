import { isObject, type JsonObject } from '../../model/json.ts'
import type { RunRuleDefinition } from '../../model/rule.ts'
import { readReporter } from './reporter.ts'

/** Keys that hold secrets, wherever they stand. */
const SECRETS = ['webhookUrl', 'url', 'webhookKey', 'webhookToken', 'authorizationToken', 'authToken', 'password']

/** A reporter without the secrets of its messaging, and these. */
export function partSecrets(reporter: JsonObject): { open: JsonObject; secrets: JsonObject } {
  const { messaging } = reporter
  if (!isObject(messaging) || !isObject(messaging['configuration'])) return { open: reporter, secrets: {} }
  const all = Object.entries(messaging['configuration'])
  const secrets = Object.fromEntries(all.filter(([key]) => SECRETS.includes(key)))
  // Each keeps its place, so that it goes back there.
  const configuration = Object.fromEntries(all.map(([key, value]) => [key, SECRETS.includes(key) ? '' : value]))
  return { open: { ...reporter, messaging: { ...messaging, configuration } }, secrets }
}

/** The reporter as it came, with its secrets again. */
export function withSecrets(open: JsonObject, secrets: JsonObject): JsonObject {
  const { messaging } = open
  if (!isObject(messaging) || !isObject(messaging['configuration'])) return open
  return { ...open, messaging: { ...messaging, configuration: { ...messaging['configuration'], ...secrets } } }
}

/**
 * The reporter a rule came from, as it came but for what was changed since: whether it is active, its phase and its
 * condition. Messages and channels that were changed here stay as they came.
 */
export function writeReporter(original: JsonObject, rule: RunRuleDefinition): JsonObject {
  const before = readReporter(original, { name: 'any' }, () => undefined).definition
  const result = { ...original }
  if (before === null || rule.paused !== before.paused) result['active'] = !rule.paused
  const phase = rule.when?.[0] === 'start' ? 'START' : 'END'
  if (before === null || phase !== (before.when?.[0] === 'start' ? 'START' : 'END')) result['phase'] = phase
  const text = rule.condition?.text
  if (before === null || text !== before.condition?.text) {
    result['runConditionEnabled'] = text !== undefined
    if (text !== undefined) result['runCondition'] = text
  }
  return result
}
