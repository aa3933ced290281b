import type { Channel } from '../channels/channel.ts'
import { channels } from '../channels/index.ts'
import type { Clock } from '../clock.ts'
import { AppError } from '../errors.ts'
import type { ScriptRunner } from '../evaluate/run-variables.ts'
import type { Sources } from '../flow/sources.ts'
import type { JsonObject } from '../model/json.ts'
import { didYouMean } from '../model/nearest.ts'
import type { RuleSchedule } from '../model/rule.ts'
import type { Programs } from '../programs.ts'
import type { Secrets } from '../secrets.ts'
import type { Store } from '../store/index.ts'
import type { RunRow } from '../store/runs.ts'
import { kindOf } from './settings.ts'

/** On whose behalf something is changed, and in which project. */
export interface Caller {
  project: string
  /** Name of the token, or of the command. */
  actor: string
}

/** What the management of every entity works with. */
export interface ManageContext {
  store: Store
  secrets: Secrets
  clock: Clock
  /** Opens connections for checks and trial queries. */
  sources: Pick<Sources, 'open'>
  /** Tells which programs may be started. */
  programs: Pick<Programs, 'refusal'>
  /** Runs the scripts of variables. */
  runScript: ScriptRunner
  /** Reads a schedule whose `every` counts from `anchor`. Throws `invalid` naming the field. */
  readSchedule: (schedule: RuleSchedule, anchor: number) => { next(time: number): number | null }
  /** What the instance gives for settings of a kind of channel that are left out. */
  defaultsOf?: (kind: string) => JsonObject | undefined
  /** Where people reach this instance; null when that is not known. */
  baseUrl?: () => string | null
  /** Folder of the sample database. */
  sampleFolder: string
  /** Called after a change that may make a rule due sooner. */
  onRulesChanged: () => void
}

/** The kind of channel of that name, with what the instance gives it. Throws `invalid`, naming the nearest one. */
export function channelKind({ defaultsOf }: Pick<ManageContext, 'defaultsOf'>, kind: string, path?: string) {
  return { ...kindOf<Channel>(channels, kind, path), defaults: defaultsOf?.(kind) ?? {} }
}

/** Names of things are unique within their project; ids anywhere. */
export interface Named {
  id: string
  project: string
  name: string
}

/** A thing by id or name. Throws `not-found`, naming the nearest one. */
export async function find<Row extends Named>(
  queries: {
    get(id: string): Promise<Row | undefined>
    byName(project: string, name: string): Promise<Row | undefined>
    names(project: string): Promise<string[]>
  },
  entity: string,
  project: string,
  idOrName: string,
): Promise<Row> {
  const byId = await queries.get(idOrName)
  if (byId?.project === project) return byId
  const row = await queries.byName(project, idOrName)
  if (row !== undefined) return row
  throw notFound(entity, idOrName, await queries.names(project))
}

/** The run of a uid. Throws `not-found`, naming the nearest one. */
export async function findRun({ runs }: Pick<Store, 'runs'>, project: string, uid: string): Promise<RunRow> {
  const row = await runs.get(project, uid)
  if (row === undefined) throw notFound('run', uid, await runs.uids(project))
  return row
}

export function notFound(entity: string, idOrName: string, names: readonly string[]): AppError {
  return new AppError('not-found', `There is no ${entity} "${idOrName}".${didYouMean(idOrName, names)}`)
}

/** The failure of removing or renaming something that rules name, unless it is forced. */
export function inUse(entity: string, name: string, users: readonly string[]): AppError {
  const shown = users.slice(0, 3).map((user) => `"${user}"`)
  const more = users.length > 3 ? ` and ${users.length - 3} more` : ''
  return new AppError(
    'conflict',
    `The ${entity} "${name}" is used by ${shown.join(', ')}${more}. Change these rules first, or repeat the request with ?force=true.`,
  )
}

/** Turns the stored object that an edit in conflict carries into what the API shows. */
export function showing<Row>(view: (row: Row) => unknown): (thrown: unknown) => never {
  return (thrown) => {
    if (thrown instanceof AppError && thrown.current !== undefined)
      throw new AppError(thrown.code, thrown.message, thrown.issues, view(thrown.current as Row))
    throw thrown
  }
}

/** An edit without the keys that a thing is shown with but that nobody sets, so that what was read can be sent back. */
export function editable(input: unknown, readOnly: readonly string[]): unknown {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) return input
  return Object.fromEntries(Object.entries(input).filter(([key]) => !readOnly.includes(key)))
}
