import * as v from 'valibot'
import type { Channel } from '../channels/channel.ts'
import { type Issue, invalid } from '../errors.ts'
import type { JsonObject } from '../model/json.ts'
import { didYouMean } from '../model/nearest.ts'
import { fieldsOf, fixedKeys, secretKeys } from '../model/settings.ts'
import { faulty, validate } from '../model/validate.ts'
import type { Programs } from '../programs.ts'
import type { Secrets } from '../secrets.ts'

/** What connections and channels have in common: settings, some of them secret, that lead somewhere. */
export interface SettingsKind {
  kind: string
  settings: v.GenericSchema
  destination(settings: never): string
  /** What settings lack that the defaults do not give either, with the remedy. */
  missing?(settings: never, defaults: JsonObject): Issue[]
  /** What the instance gives for settings that are left out. */
  defaults?: JsonObject
}

/** Settings as they are given, before their kind tells what they must be. */
export const anySettings = v.custom<JsonObject>(
  (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
  'must be an object of settings',
)

/** Settings ready to be stored. */
export interface StoredSettings {
  settings: JsonObject
  /** The secret ones, sealed; null when there are none. */
  sealed: string | null
  destination: string
}

/** The kind of that name. Throws `invalid`, naming the nearest one. */
export function kindOf<Kind>(kinds: Readonly<Record<string, Kind>>, kind: string, path = 'kind'): Kind {
  const found = Object.hasOwn(kinds, kind) ? kinds[kind] : undefined
  if (found !== undefined) return found
  const names = Object.keys(kinds)
  throw invalid(path, `"${kind}" is not a kind.${didYouMean(kind, names)} Kinds are ${names.join(', ')}.`)
}

/**
 * Validates settings and seals the secret ones. Secrets that are absent are taken from `before`, unless the settings now
 * lead elsewhere: then they must be given again, so that nobody sends a secret they do not know to a place of theirs.
 * A secret given as null is dropped. Where `templates` may stand in the others, those are checked once they are rendered.
 */
export function sealSettings(
  kind: SettingsKind,
  given: JsonObject,
  before: JsonObject | null,
  seal: (plain: string) => string,
  path = 'settings',
  templates = false,
): StoredSettings {
  const names = secretKeys(kind.settings)
  const kept = before === null ? [] : names.filter((name) => given[name] === undefined && before[name] !== undefined)
  const wanted = Object.entries(given).filter(([key, value]) => !(value === null && names.includes(key)))
  const known = kept.map((name) => [name, before?.[name]])
  const literal = [...names, ...fixedKeys(kind.settings)]
  const isLater = ([key, value]: [string, unknown]) => templates && !literal.includes(key) && isTemplate(value)
  const later = wanted.filter(isLater).map(([key]) => key)
  const full = validate(kind.settings, Object.fromEntries([...wanted, ...known]), path, later) as JsonObject
  const lacking = kind.missing?.(full as never, kind.defaults ?? {}) ?? []
  if (lacking.length > 0) throw faulty(lacking.map((issue) => ({ ...issue, path: `${path}.${issue.path}` })))
  const destination = kind.destination(full as never)
  if (before !== null && kept.length > 0 && kind.destination(before as never) !== destination)
    throw faulty(kept.map((name) => mustGiveAgain(`${path}.${name}`, destination)))
  const entries = Object.entries(full)
  const hidden = entries.filter(([key, value]) => names.includes(key) && value !== undefined)
  return {
    settings: Object.fromEntries(entries.filter(([key, value]) => !names.includes(key) && value !== undefined)),
    sealed: hidden.length === 0 ? null : seal(JSON.stringify(Object.fromEntries(hidden))),
    destination,
  }
}

/** Throws `invalid` for a channel that would start a program the operator has not allowed. */
export function checkProgram(
  channel: Channel,
  full: JsonObject,
  programs: Pick<Programs, 'refusal'>,
  path = 'settings',
): void {
  const program = channel.program?.(full)
  const message = program === undefined ? null : programs.refusal(program)
  if (message === null) return
  throw faulty([{ path: full['script'] === undefined ? `${path}.command` : `${path}.script`, message }])
}

/** All settings of a stored thing, the secret ones among them. */
export function openSettings(
  stored: { settings: JsonObject; sealed: string | null },
  secrets: Secrets,
  identity: string,
): JsonObject {
  return { ...stored.settings, ...openSecrets(stored.sealed, secrets, identity) }
}

/** The secret settings alone. */
export function openSecrets(sealed: string | null, secrets: Secrets, identity: string): JsonObject {
  return sealed === null ? {} : (JSON.parse(secrets.open(sealed, identity)) as JsonObject)
}

/** Settings by which a secret would go to another place, or on its way be open to others. */
const PLACES = /^(host|port|tls|verify\w*|ca|authorities|\w*proxy)$|url$/i

/**
 * Checks settings that are laid over a channel's for one route or one call: known keys, no secrets, valid together, and
 * not leading the channel's secrets elsewhere. Texts with a template in them are left for later when `templates` is set.
 */
export function checkOverrides(
  kind: SettingsKind,
  full: JsonObject,
  overrides: JsonObject,
  path: string,
  templates: boolean,
): void {
  const fields = fieldsOf(kind.settings)
  const hasSecrets = secretKeys(kind.settings).some((name) => full[name] !== undefined)
  const issues: Issue[] = Object.keys(overrides).flatMap((key) => {
    const message = refusal(fields, key, hasSecrets)
    return message === undefined ? [] : [{ path: `${path}.${key}`, message }]
  })
  if (issues.length > 0) throw faulty(issues)
  const open = Object.entries(full).filter(([key]) => !fixedKeys(kind.settings).includes(key))
  const later = templates ? [...open, ...Object.entries(overrides)].filter(isTemplated) : []
  validate(
    kind.settings,
    { ...full, ...overrides },
    path,
    later.map(([key]) => key),
  )
}

function refusal(fields: ReturnType<typeof fieldsOf>, key: string, hasSecrets: boolean): string | undefined {
  const names = Object.keys(fields)
  if (!Object.hasOwn(fields, key)) return `unknown key.${didYouMean(key, names)} The keys here are ${names.join(', ')}.`
  if (fields[key]?.secret === true) return 'is a secret and belongs into the channel itself'
  if (fields[key]?.fixed === true) return 'can only be set in the channel itself'
  if (hasSecrets && PLACES.test(key))
    return "would send the channel's secrets elsewhere; make a channel of its own for that place"
  return undefined
}

function isTemplated([, value]: [string, unknown]): boolean {
  return isTemplate(value)
}

function isTemplate(value: unknown): boolean {
  return /\{\{|\{%/.test(JSON.stringify(value) ?? '')
}

function mustGiveAgain(path: string, destination: string): Issue {
  return { path, message: `must be given again, because the settings now lead to ${destination}` }
}
