import type { Issue } from '../../errors.ts'
import { AppError } from '../../errors.ts'
import { checkJinjaCondition } from '../../language/jinja-condition.ts'
import type { JsonObject } from '../../model/json.ts'
import { type MlrunNotification, mlrunNotification, mlrunStates } from '../../model/mlrun.ts'
import { SECRET_NAME } from '../../model/secret-reference.ts'
import { validate } from '../../model/validate.ts'
import { type MlrunSurroundings, readMlrunChannel } from './channel.ts'

/** A notification that was read, its secret parameters still in it. */
export interface MlrunItem {
  notification: MlrunNotification
  /** What it becomes here: null for a kind that does nothing here, and where a secret tells the rest later. */
  channel: { kind: string; settings: JsonObject } | null
  /** The project's secret that holds its secret parameters. */
  reference: string | null
  warnings: string[]
}

/** Most bytes of JSON that `secret_params` may have, as in MLRun. */
const LARGEST_SECRET = 900 * 1024
/** Each becomes a rule, which every event of the run asks. */
const MOST_NOTIFICATIONS = 200

/** Gives the parameters of a notification with the secrets that were left out of them; faults by their path in it. */
export type RestoreParams = (notification: MlrunNotification) => { params: JsonObject; issues: Issue[] }

/**
 * Reads a list of MLRun notifications with MLRun's own checks. Faults of all of them are told, each by its path; with any,
 * none may be used. `around` is given where they are sent from, as MLRun's client sends them: there a kind may know its
 * parameters from its surroundings.
 */
export function readMlrunNotifications(
  list: unknown,
  around: MlrunSurroundings | null = null,
  restore: RestoreParams = ({ params }) => ({ params, issues: [] }),
): { items: MlrunItem[]; issues: Issue[] } {
  if (!Array.isArray(list))
    return {
      items: [],
      issues: [{ path: 'notifications', message: 'must be a list of notifications, [] to clear it' }],
    }
  if (list.length > MOST_NOTIFICATIONS)
    return {
      items: [],
      issues: [{ path: 'notifications', message: `must be at most ${MOST_NOTIFICATIONS}, not ${list.length}` }],
    }
  const issues: Issue[] = []
  const items = list.flatMap((input: unknown, index): MlrunItem[] => {
    const found = readOne(input, `notifications.${index}`, around, restore)
    issues.push(...found.issues)
    return found.item === null ? [] : [found.item]
  })
  const names = items.map(({ notification }) => notification.name)
  const repeated = [...new Set(names.filter((name, index) => names.indexOf(name) !== index))]
  for (const name of repeated)
    issues.push({ path: 'notifications', message: `Notification names must be unique; "${name}" is used twice` })
  return { items, issues }
}

function readOne(
  input: unknown,
  path: string,
  around: MlrunSurroundings | null,
  restore: RestoreParams,
): { item: MlrunItem | null; issues: Issue[] } {
  let notification: MlrunNotification
  try {
    const { status: _, sent_time: __, reason: ___, ...kept } = validate(mlrunNotification, input, path)
    const { params, issues } = restore(kept)
    if (issues.length > 0) return { item: null, issues: issues.map((issue) => within(path, issue)) }
    notification = { ...kept, params }
  } catch (thrown) {
    if (!(thrown instanceof AppError)) throw thrown
    return { item: null, issues: [...thrown.issues] }
  }
  const { channel, issues, warnings } = readParams(notification, around)
  const item = {
    notification,
    channel,
    reference: referenceOf(notification),
    warnings: [...warnings, ...textWarnings(notification)],
  }
  return { item, issues: issues.map((issue) => within(path, issue)) }
}

function within(path: string, issue: Issue): Issue {
  return { ...issue, path: `${path}.${issue.path}` }
}

function readParams(
  notification: MlrunNotification,
  around: MlrunSurroundings | null,
): Pick<MlrunItem, 'channel' | 'warnings'> & { issues: Issue[] } {
  const { kind, params, secret_params: hidden } = notification
  const refuse = (field: string, message: string) => ({
    channel: null,
    warnings: [],
    issues: [{ path: field, message }],
  })
  const size = Buffer.byteLength(JSON.stringify(hidden))
  if (size > LARGEST_SECRET)
    return refuse('secret_params', `has ${size} bytes and exceeds the max size of 1 MB (${LARGEST_SECRET} bytes)`)
  if ('secret' in hidden) {
    if (Object.keys(hidden).length > 1) return refuse('secret_params', "'secret' must be the only key in secret_params")
    if (referenceOf(notification) === null)
      return refuse(
        'secret_params.secret',
        'must be the name of a secret of the project: up to 253 letters, digits, dots, hyphens and underscores',
      )
    return { channel: null, warnings: [], issues: [] }
  }
  const merged = { ...hidden, ...params }
  const isEmpty = Object.keys(merged).length === 0
  const isQuiet = kind === 'console' || kind === 'ipython'
  // What mail leaves out is given by the instance.
  if (isEmpty && !isQuiet && kind !== 'mail' && around === null)
    return refuse('params', 'Both params and secret_params are empty; give the parameters of the kind in one of them')
  const reading = readMlrunChannel(kind, merged, around ?? {})
  if (isEmpty && isQuiet && around === null)
    reading.warnings.push('params: are empty, which MLRun refuses on a server; it is taken here')
  return { ...reading, issues: reading.issues.map((issue) => ({ ...issue, path: `params.${issue.path}` })) }
}

/** The secret that a notification refers to; null when it refers to none. */
function referenceOf({ secret_params: hidden }: MlrunNotification): string | null {
  const { secret } = hidden
  return typeof secret === 'string' && SECRET_NAME.test(secret) ? secret : null
}

function textWarnings({ when, condition, severity }: MlrunNotification): string[] {
  const warnings = when
    .filter((word) => !isState(word))
    .map((word) => `when: "${word}" is no state MLRun tells of; it never comes to pass`)
  if (!when.some(isState)) warnings.push('when: names no state that is told, so it is never sent')
  if (severity === null) warnings.push('severity: is null, so it is sent as info')
  const checked = checkJinjaCondition(condition)
  for (const error of checked.errors) warnings.push(`condition: ${error} As with MLRun, the message is then sent.`)
  for (const warning of checked.warnings) warnings.push(`condition: ${warning}`)
  return warnings
}

/** Whether MLRun tells of a state of this name. */
export function isState(word: string): word is (typeof mlrunStates)[number] {
  return (mlrunStates as readonly string[]).includes(word)
}
