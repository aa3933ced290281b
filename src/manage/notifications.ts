import { AppError } from '../errors.ts'
import { type Notification, type Reading, readOnlyFields } from '../importers/vianops/notification.ts'
import { readNotification } from '../importers/vianops/read.ts'
import { replaceDefinition } from '../importers/vianops/write.ts'
import type { JsonObject } from '../model/json.ts'
import { isQueryRule, type QueryRule } from '../model/rule.ts'
import { faulty } from '../model/validate.ts'
import type { Caller, ManageContext } from './context.ts'
import { channelsOf, inFields, keptOf, mailChannelOf, show, type Told } from './notification-rules.ts'
import type { RuleView } from './rule-view.ts'
import type { RuleManager } from './rules.ts'

export interface NotificationFilter {
  /** Each group is met by one of its tags; all groups must be met. */
  tags: string[][]
  /** Index of the last one of the page before. */
  after: number
  limit: number
}

export type NotificationManager = ReturnType<typeof manageNotifications>

const PAGE = 500

/** The rules of a project in the form of VIANOPS notifications, by index. */
export function manageNotifications(context: ManageContext, rules: RuleManager) {
  const { store, clock } = context

  async function at(project: string, index: number): Promise<QueryRule> {
    const rule = await store.rules.byIndex(project, index)
    if (rule === undefined || !isQueryRule(rule))
      throw new AppError('not-found', `There is no notification with the index ${index}.`)
    return rule
  }

  async function shown(project: string, index: number): Promise<Told> {
    return show(context, await at(project, index), index, await channelsOf(context, project))
  }

  async function stored(caller: Caller, { id }: RuleView): Promise<Told> {
    const index = await store.rules.indexOf(id)
    return shown(caller.project, index ?? 0)
  }

  async function setPaused(caller: Caller, index: number, paused: boolean): Promise<Told> {
    const rule = await at(caller.project, index)
    const { status } = (await shown(caller.project, index)).notification
    const isStopped = paused || status === 'Inactive'
    if (isStopped !== rule.definition.paused) await (isStopped ? rules.pause : rules.resume)(caller, rule.id)
    if (rule.origin !== null) {
      const origin = { ...rule.origin, object: { ...rule.origin.object, paused, status } }
      await store.rules.update(rule.id, null, { origin, updatedAt: clock.now() })
    }
    const told = await shown(caller.project, index)
    const still = 'status: is Inactive, so it still does not run on its schedule; write it with the status Active'
    return { ...told, warnings: [...told.warnings, ...(isStopped && !paused ? [still] : [])] }
  }

  return {
    async list(project: string, { tags, after, limit }: NotificationFilter): Promise<Notification[]> {
      const channelOf = await channelsOf(context, project)
      const found: Notification[] = []
      for (let cursor: number | undefined = after; cursor !== undefined && found.length < limit; ) {
        const page = await store.rules.list({ project, after: cursor, limit: PAGE })
        const wanted = page.flatMap(({ rule, index }) =>
          isQueryRule(rule) && tags.every((group) => group.some((tag) => rule.definition.tags.includes(tag)))
            ? [{ rule, index }]
            : [],
        )
        found.push(...wanted.map(({ rule, index }) => show(context, rule, index, channelOf).notification))
        cursor = page.length === PAGE ? page.at(-1)?.index : undefined
      }
      return found.slice(0, limit)
    },

    get: shown,

    /** Throws `invalid` with every fault by field, and `conflict` when the name is taken. */
    async create(caller: Caller, input: unknown): Promise<Told> {
      const reading = readNotification(input, { mailChannel: await mailChannelOf(context, caller.project) })
      const { definition, warnings } = accepted(reading)
      const origin = { product: 'vianops' as const, object: keptOf(reading) }
      const options = { origin, warnings, allowUnbound: true }
      const view = await rules.create(caller, definition, options).catch(rethrow)
      return withIgnored(await stored(caller, view), input)
    },

    /** Changes what the notification says otherwise; what it cannot say stays as it is. */
    async replace(caller: Caller, index: number, input: unknown): Promise<Told> {
      const rule = await at(caller.project, index)
      const channelOf = await channelsOf(context, caller.project)
      const { notification } = show(context, rule, index, channelOf)
      const mailChannel = await mailChannelOf(context, caller.project)
      const reading = readNotification(input, { mailChannel, stored: notification })
      const { definition, warnings } = accepted(reading)
      const next = replaceDefinition(rule.definition, notification, definition, channelOf)
      const origin = originAfter(rule, reading)
      const options = { origin, warnings, allowUnbound: true }
      const view = await rules.update(caller, rule.id, next, null, options).catch(rethrow)
      return withIgnored(await stored(caller, view), input)
    },

    async remove(caller: Caller, index: number): Promise<void> {
      const { id } = await at(caller.project, index)
      await rules.remove(caller, id)
    },

    pause: (caller: Caller, index: number) => setPaused(caller, index, true),
    resume: (caller: Caller, index: number) => setPaused(caller, index, false),

    /** The rule behind it, to be run. Throws `not-found`. */
    rule: at,
  }
}

function accepted(reading: Reading) {
  const { definition, warnings, issues, fixes } = reading
  if (definition === null) throw faulty(issues)
  const offers = fixes.map(({ field, value, message }) => `${field}: to mend it, ${message}: ${value}`)
  return { definition, warnings: [...warnings, ...offers] }
}

/** A rule made here stays one unless it is given something that only an imported one keeps. */
function originAfter(rule: QueryRule, reading: Reading) {
  const object = keptOf(reading, timesOf(rule))
  if (rule.origin !== null) return { product: 'vianops' as const, object }
  const known = new Set([...FIELDS, ...readOnlyFields])
  const isNative = Object.keys(object).every((key) => known.has(key)) && (object['edit_mode'] ?? 'code') === 'code'
  return isNative ? null : { product: 'vianops' as const, object }
}

const FIELDS = [
  'name',
  'description',
  'connection',
  'query',
  'condition',
  'runschedule',
  'restrequestmethod',
  'restendpoint',
  'restbodytemplate',
  'tags',
  'paused',
  'status',
  'alertsuppressiontime',
  'edit_mode',
]

/** Times that came with an import are kept through an edit. */
function timesOf({ origin }: QueryRule): JsonObject {
  const times = ['createddate', 'lastrun', 'lastalert'].flatMap((key) => {
    const value = origin?.object[key]
    return value === undefined ? [] : [[key, value] as const]
  })
  return Object.fromEntries(times)
}

function withIgnored({ notification, warnings }: Told, input: unknown): Told {
  const given = Object.keys(input as object)
  const ignored = readOnlyFields.filter((key) => given.includes(key))
  return { notification, warnings: [...warnings, ...ignored.map((key) => `${key}: is read-only and was ignored`)] }
}

function rethrow(thrown: unknown): never {
  throw inFields(thrown)
}
