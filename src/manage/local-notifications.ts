import { AppError } from '../errors.ts'
import type { MlrunSurroundings } from '../importers/mlrun/channel.ts'
import { type MlrunItem, readMlrunNotifications } from '../importers/mlrun/notification.ts'
import type { JsonObject } from '../model/json.ts'
import { isRunRule, type RunRule } from '../model/rule.ts'
import type { Secrets } from '../secrets.ts'
import { prepareNotification } from './mlrun-prepare.ts'

/** The run that notifications are for, and what its surroundings give. */
export interface LocalPlace {
  project: string
  uid: string
  around: MlrunSurroundings
  defaultsOf: (kind: string) => JsonObject | undefined
}

/** Secrets that never leave the process stay as they are. */
export const unsealed: Secrets = { seal: (plain: string) => plain, open: (plain: string) => plain }

/**
 * Reads a list of MLRun notifications to be sent by the process that has it: a rule for each that can be used, and what is
 * wrong or odd about the others, a line each. A fault of one keeps back no other.
 */
export function readLocalNotifications(list: unknown, place: LocalPlace): { rules: RunRule[]; faults: string[] } {
  const whole = readMlrunNotifications(list, place.around)
  const faults = whole.issues.map(({ path, message }) => `${path}: ${message}`)
  const inputs: readonly unknown[] = Array.isArray(list) ? list : []
  const rules = inputs.flatMap((input, index) => {
    const { items, issues } = readMlrunNotifications([input], place.around)
    const path = `notifications.${index}`
    return issues.length > 0 ? [] : items.flatMap((item) => ruleOf(item, place, path, faults))
  })
  return { rules, faults }
}

function ruleOf(item: MlrunItem, place: LocalPlace, path: string, faults: string[]): RunRule[] {
  const { project, uid, defaultsOf } = place
  try {
    const where = { caller: { project, actor: 'exec' }, owner: { kind: 'run' as const, name: uid }, now: 0 }
    const context = { secrets: unsealed, defaultsOf }
    const { rule } = prepareNotification(context, where, item, undefined, path)
    faults.push(...item.warnings.map((warning) => `${path}.${warning}`))
    const times = { updatedAt: 0, lastRunAt: null, lastSuccessAt: null, lastAlertAt: null }
    const whole = { ...rule, ...times, version: 1, origin: null }
    return isRunRule(whole) ? [whole] : []
  } catch (thrown) {
    if (!(thrown instanceof AppError)) throw thrown
    const issues = thrown.issues.length > 0 ? thrown.issues : [{ path, message: thrown.message }]
    faults.push(...issues.map((issue) => `${issue.path}: ${issue.message}`))
    return []
  }
}
