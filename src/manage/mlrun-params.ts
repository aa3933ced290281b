import type { Issue } from '../errors.ts'
import { openParams, placeParams } from '../importers/mlrun/open-params.ts'
import { fromJson } from '../language/expression/json.ts'
import { isObject, type Json, type JsonObject } from '../model/json.ts'
import type { MlrunKind, MlrunNotification } from '../model/mlrun.ts'
import type { OwnedNotification, Rule } from '../model/rule.ts'
import { paramsIdentity } from '../model/secret-reference.ts'
import type { Secrets } from '../secrets.ts'
import { secretName } from './mlrun-names.ts'

const MASK = '***'

/** Parameters parted into what may be seen, with marks in the place of secrets, and the secrets; null when there are none. */
export interface PartedParams {
  shown: JsonObject
  hidden: JsonObject | null
}

/** Parts the secrets from the parameters of a kind. An address keeps its origin, an object its keys; no number is a secret. */
export function partParams(kind: MlrunKind, params: JsonObject): PartedParams {
  const hidden = Object.entries(params).filter(([key, value]) => mayHide(value) && !openParams[kind].includes(key))
  const marks = hidden.map(([key, value]) => [key, markOf(value)] as const)
  return {
    shown: { ...params, ...Object.fromEntries(marks) },
    hidden: hidden.length === 0 ? null : Object.fromEntries(hidden),
  }
}

/** The notification as it is stored under that name, its secret parameters opened. */
export interface KnownNotification {
  notification: OwnedNotification
  hidden: JsonObject
}

/** Opens the secret parameters of a notification's rule; undefined for a rule that stands for none. */
export function knownNotification(secrets: Secrets, { id, notification }: Rule): KnownNotification | undefined {
  if (notification === undefined) return undefined
  const { sealed } = notification
  return {
    notification,
    hidden: sealed === null ? {} : (JSON.parse(secrets.open(sealed, paramsIdentity(id))) as JsonObject),
  }
}

/**
 * Puts the secrets that are known back where only their marks were given, so that a list can be sent as it was read. A
 * secret is not put back where the parameters now lead elsewhere: then it must be given again.
 */
export function restoreParams(
  given: MlrunNotification,
  known: KnownNotification | undefined,
): { params: JsonObject; issues: Issue[] } {
  const { kind, params } = given
  const before = known?.notification.kind === kind ? known : undefined
  const found = Object.entries(params).map(([key, value]) => {
    const restored = openParams[kind].includes(key) ? value : restore(value, before?.hidden[key])
    return { key, value: restored, isKept: restored !== value }
  })
  const restored = Object.fromEntries(found.map(({ key, value }) => [key, value]))
  const kept = found.filter(({ isKept }) => isKept).map(({ key }) => `params.${key}`)
  const lost = found.filter(({ key, value }) => !openParams[kind].includes(key) && hasMark(value))
  const changed = before === undefined || kept.length === 0 ? undefined : changedPlace(given, restored, before)
  return {
    params: restored,
    issues: [
      ...lost.map(({ key }) => ({
        path: `params.${key}`,
        message: `holds "${MASK}", which stands for a secret that is not known here; give the value itself`,
      })),
      ...(changed === undefined ? [] : kept).map((path) => ({
        path,
        message: `must be given again instead of "${MASK}", because ${changed} has changed and it would be sent elsewhere`,
      })),
    ],
  }
}

/** The parameter through which kept secrets would go another way than before. */
function changedPlace(
  { kind, secret_params: hidden }: MlrunNotification,
  params: JsonObject,
  { notification, hidden: before }: KnownNotification,
): string | undefined {
  const places = placeParams[kind]
  const old = { ...notification.params, ...before }
  const changed = places.find((name) => JSON.stringify(params[name]) !== JSON.stringify(old[name]))
  if (changed !== undefined || places.length === 0) return changed
  const known = notification.secret_params['secret']
  const isSame =
    Object.keys(hidden).length === 0
      ? known === undefined
      : (hidden['secret'] ?? secretName(fromJson(hidden))) === known
  return isSame ? undefined : 'secret_params'
}

function mayHide(value: Json): boolean {
  return typeof value === 'string' || (typeof value === 'object' && value !== null)
}

function markOf(value: Json): Json {
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, markOf(item)]))
  if (!mayHide(value)) return value
  if (typeof value !== 'string' || !/^https?:/i.test(value) || !URL.canParse(value)) return MASK
  return `${new URL(value).origin}/${MASK}`
}

/** The known secret where the value is its mark, else the value. */
function restore(value: Json, known: Json | undefined): Json {
  if (known === undefined) return value
  if (typeof value === 'string') return hasMark(value) && value === markOf(known) ? known : value
  if (!isObject(value) || !isObject(known)) return value
  const entries = Object.entries(value).map(([key, item]) => [key, restore(item, known[key])] as const)
  const isAny = entries.some(([key, item]) => item !== value[key])
  return isAny ? Object.fromEntries(entries) : value
}

/** Whether a value, or one within it, is a mark. */
function hasMark(value: Json): boolean {
  if (isObject(value)) return Object.values(value).some(hasMark)
  return typeof value === 'string' && (value === MASK || (/^https?:/i.test(value) && value.endsWith(`/${MASK}`)))
}
