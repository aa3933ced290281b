import * as v from 'valibot'
import { AppError, type Issue, invalid } from '../errors.ts'
import type { ConvertedTemplate } from '../importers/dataiku/notes.ts'
import { type Fix, type Notification, notificationsIn, type Reading } from '../importers/vianops/notification.ts'
import { readNotification } from '../importers/vianops/read.ts'
import { readPaused, readStatus } from '../importers/vianops/switches.ts'
import { replaceDefinition } from '../importers/vianops/write.ts'
import type { JsonObject } from '../model/json.ts'
import { isQueryRule, type QueryRule, type QueryRuleDefinition, type Rule, type RuleDefinition } from '../model/rule.ts'
import { validate } from '../model/validate.ts'
import type { Caller, ManageContext } from './context.ts'
import { channelsOf, fieldIssues, keptOf, mailChannelOf, show, standingWarnings } from './notification-rules.ts'
import type { ImportOptions, RuleManager } from './rules.ts'

/** What an import does, or would do, with one object. */
export interface ImportItem {
  /** Its place in the file, from 1. */
  position: number
  name: string
  action: 'create' | 'replace' | 'unchanged' | 'refuse'
  /** Its index here; null before it is stored. */
  index: number | null
  /** Why it does not run yet. */
  blocked: string | null
  /** Where its messages go, in words; null when it is refused. */
  goesTo: string | null
  warnings: string[]
  /** Changes that would mend what the warnings tell of. */
  fixes: Fix[]
  /** Templates that were converted, each beside what is stored in its place. */
  templates: ConvertedTemplate[]
  /** Why it is refused. */
  issues: Issue[]
}

export interface ImportReport {
  /** Whether it was done, or only planned. */
  applied: boolean
  items: ImportItem[]
}

export const importRequest = v.strictObject({
  objects: v.unknown(),
  apply: v.optional(v.boolean('must be true or false'), false),
  fix: v.optional(v.boolean('must be true or false'), false),
})

export type ImportManager = ReturnType<typeof manageImport>

const MOST_OBJECTS = 10_000
const PAGE = 500
/** ms of an import in which queries are tried; a connection that does not answer must not hold it up for each rule. */
const TRIALS_TIME = 20_000

/** Takes VIANOPS notifications in bulk, and gives them back. */
export function manageImport(context: ManageContext, rules: RuleManager) {
  const { store, clock } = context

  async function take(
    caller: Caller,
    reading: Reading,
    apply: boolean,
    skipTrial: boolean,
  ): Promise<Omit<ImportItem, 'position'>> {
    const { definition, warnings, fixes, object, origin } = reading
    const item = {
      ...{ name: nameOf(object), index: null, blocked: null, goesTo: null },
      ...{ warnings, fixes, templates: [], issues: reading.issues },
    }
    if (definition === null) return { ...item, action: 'refuse' }
    const existing = await store.rules.byName(caller.project, definition.name)
    if (existing !== undefined && (existing.origin === null || !isQueryRule(existing)))
      return { ...item, action: 'refuse', issues: [nameTaken] }
    const { index: _, createdby, ...times } = origin
    const options: ImportOptions = {
      origin: { product: 'vianops', object: keptOf(reading, times) },
      warnings,
      allowUnbound: true,
      skipTrial,
      ...(createdby === undefined ? {} : { createdBy: createdby }),
    }
    const plan = existing === undefined ? null : await change(caller.project, existing, object, definition)
    const goesTo = destinationOf(plan?.definition ?? definition)
    if (plan?.isSame) return { ...item, action: 'unchanged', goesTo, ...standing(existing), index: plan.index }
    try {
      const ready = plan?.definition ?? definition
      const action = plan === null ? 'create' : 'replace'
      if (!apply) {
        const draft = await rules.draft(caller, ready, options)
        return { ...item, action, goesTo, ...standing(draft), index: plan?.index ?? null }
      }
      const view =
        existing === undefined
          ? await rules.create(caller, ready, {
              ...options,
              ...(origin.index === undefined ? {} : { index: origin.index }),
            })
          : await rules.update(caller, existing.id, ready, null, options)
      return { ...item, action, goesTo, ...standing(view), index: (await store.rules.indexOf(view.id)) ?? null }
    } catch (thrown) {
      if (!(thrown instanceof AppError) || !['invalid', 'conflict'].includes(thrown.code)) throw thrown
      return { ...item, action: 'refuse', issues: fieldIssues(thrown.issues) }
    }
  }

  /** What writing a notification over a rule that came from one would make of it. */
  async function change(project: string, rule: QueryRule, object: JsonObject, wanted: QueryRuleDefinition) {
    const channelOf = await channelsOf(context, project)
    const index = (await store.rules.indexOf(rule.id)) ?? 0
    const { notification } = show(context, rule, index, channelOf)
    const definition = replaceDefinition(rule.definition, notification, wanted, channelOf)
    const isSame = sameText(definition, rule.definition) && sameExtras(object, notification)
    return { definition, index, isSame }
  }

  return {
    /** Plans what to do with each object and, if `apply` is set, does it. One that is refused stops no other. */
    async import(caller: Caller, input: unknown): Promise<ImportReport> {
      const { objects, apply, fix } = validate(importRequest, input)
      const list = notificationsIn(objects)
      if (list === undefined)
        throw invalid('objects', 'must be a notification, a list of them, or {"notifications": […]}')
      if (list.length > MOST_OBJECTS) throw invalid('objects', `must be at most ${MOST_OBJECTS} at a time`)
      const mailChannel = await mailChannelOf(context, caller.project)
      const items: ImportItem[] = []
      const names = new Set<string>()
      const trialsEnd = clock.now() + TRIALS_TIME
      for (const [place, object] of list.entries()) {
        const reading = readMended(object, mailChannel, fix)
        const name = reading.definition?.name
        const isRepeated = name !== undefined && names.has(name)
        if (name !== undefined) names.add(name)
        const taken = isRepeated ? refusedTwin(reading) : await take(caller, reading, apply, clock.now() > trialsEnd)
        items.push({ position: place + 1, ...taken })
      }
      return { applied: apply, items }
    },

    /** The notifications that were imported, as they came in but for what was changed since. */
    async export(project: string): Promise<Notification[]> {
      const channelOf = await channelsOf(context, project)
      const found: Notification[] = []
      for (let after: number | undefined = 0; after !== undefined; ) {
        const page: Listed[] = await store.rules.list({ project, after, limit: PAGE })
        const imported = page.flatMap(({ rule, index }) =>
          isQueryRule(rule) && rule.origin !== null ? [{ rule, index }] : [],
        )
        found.push(...imported.map(({ rule, index }) => show(context, rule, index, channelOf).notification))
        after = page.length === PAGE ? page.at(-1)?.index : undefined
      }
      return found
    },
  }
}

interface Listed {
  rule: Rule
  index: number
}

/** Fields that may be written in several ways, and are compared as parts of the rule. */
const PART_FIELDS = [
  'name',
  'connection',
  'runschedule',
  'tags',
  'paused',
  'status',
  'restrequestmethod',
  'alertsuppressiontime',
]

export const nameTaken: Issue = {
  path: 'name',
  message: 'is taken by a rule that was not imported; rename one of them',
}

function standing(rule: Pick<Rule, 'warnings' | 'blocked'> | undefined) {
  if (rule === undefined) return {}
  return { blocked: rule.blocked, warnings: standingWarnings({ ...rule, blocked: null }) }
}

function readMended(object: unknown, mailChannel: string | null, fix: boolean): Reading {
  const reading = readNotification(object, { mailChannel })
  if (!fix || reading.fixes.length === 0) return reading
  const mended = Object.fromEntries(reading.fixes.map(({ field, value }) => [field, value]))
  return readNotification({ ...(object as JsonObject), ...mended }, { mailChannel })
}

function refusedTwin({ object, warnings, fixes }: Reading): Omit<ImportItem, 'position'> {
  const issues = [{ path: 'name', message: 'is the name of an earlier one in this file; names must differ' }]
  const nowhere = { index: null, blocked: null, goesTo: null, templates: [] }
  return { ...nowhere, name: nameOf(object), action: 'refuse', warnings, fixes, issues }
}

/** Where the messages of a rule go, in words. */
export function destinationOf({ routes }: Pick<RuleDefinition, 'routes'>): string {
  const places = routes.map(({ channel }) => {
    if (channel === null) return 'a mail channel, once the rule names one'
    if (typeof channel === 'string') return `the channel "${channel}"`
    return `its own ${channel.kind} channel`
  })
  return places.length === 0 ? 'nowhere yet' : places.join(' and ')
}

function nameOf(object: JsonObject): string {
  return typeof object['name'] === 'string' ? object['name'] : ''
}

/** Fields that no part of a rule stands for are compared as they are. */
function sameExtras(object: JsonObject, shown: Notification): boolean {
  const { paused, status } = object
  if (readPaused(paused) !== shown.paused || readStatus(status) !== shown.status) return false
  return Object.entries(object).every(
    ([key, value]) => PART_FIELDS.includes(key) || sameText(value ?? '', shown[key] ?? ''),
  )
}

function sameText(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other)
}
