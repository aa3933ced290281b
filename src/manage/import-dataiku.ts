import { AppError, type Issue, invalid } from '../errors.ts'
import { readDataikuChannel } from '../importers/dataiku/channel.ts'
import { type DataikuItem, dataikuItems, type Scenario } from '../importers/dataiku/file.ts'
import type { ChannelLookup } from '../importers/dataiku/messaging.ts'
import { fieldOf, type ReporterReading, readReporter } from '../importers/dataiku/reporter.ts'
import { partSecrets, withSecrets, writeReporter } from '../importers/dataiku/write.ts'
import { isObject, type Json, type JsonObject } from '../model/json.ts'
import { isRunRule, type Rule, type RunRule, type RunRuleDefinition } from '../model/rule.ts'
import { validate } from '../model/validate.ts'
import type { ChannelManager } from './channels.ts'
import { type Caller, channelKind, type ManageContext } from './context.ts'
import { destinationOf, type ImportItem, type ImportReport, importRequest, nameTaken } from './import.ts'
import { channelsOf } from './notification-rules.ts'
import type { ImportOptions, RuleManager } from './rules.ts'
import { checkProgram, sealSettings } from './settings.ts'

type Item = Omit<ImportItem, 'position'>
type DataikuOrigin = RunRule & { origin: NonNullable<Rule['origin']> }

/** One import under way. */
interface Import {
  caller: Caller
  apply: boolean
  fix: boolean
  /** Channels that are there, or would be, by id. */
  channelOf: ChannelLookup
  /** Channels that are only planned. */
  planned: Map<string, { name: string; kind: string }>
  names: Set<string>
}

const MOST_OBJECTS = 10_000
const PAGE = 500

export type DataikuManager = ReturnType<typeof manageDataiku>

/** Takes Dataiku's channels and reporters, and gives reporters back. */
export function manageDataiku(context: ManageContext, rules: RuleManager, channels: ChannelManager) {
  const { store, secrets } = context

  async function takeChannel({ caller, apply, planned, channelOf }: Import, object: unknown): Promise<Item> {
    const { id, channel, warnings, issues } = readDataikuChannel(object)
    const item: Item = { ...blank, name: id, warnings, issues, action: 'refuse' }
    if (channel === null) return item
    if (channelOf(id) !== undefined) {
      const kept = 'A channel of this name is there and stays as it is.'
      return { ...item, action: 'unchanged', goesTo: 'itself', warnings: [...warnings, kept] }
    }
    try {
      const kind = channelKind(context, channel.kind)
      const { settings } = sealSettings(kind, channel.settings, null, () => '')
      checkProgram(kind, settings, context.programs)
      if (apply) await channels.create(caller, channel)
    } catch (thrown) {
      return refused(item, thrown, (path) => path.replace(/^settings\b/, 'configuration'))
    }
    planned.set(id, channel)
    return { ...item, action: 'create', goesTo: `a channel of the kind ${channel.kind}` }
  }

  async function takeReporter(one: Import, object: unknown, scenario: Scenario | null): Promise<Item> {
    const reading = readMended(object, scenario, one)
    const { warnings, fixes, templates, issues } = reading
    const name = typeof reading.object['name'] === 'string' ? reading.object['name'] : ''
    const item: Item = { ...blank, name, warnings, fixes, templates, issues, action: 'refuse' }
    if (reading.definition === null) return item
    const definition = { ...reading.definition, name: freeName(one.names, reading.definition.name) }
    const existing = await store.rules.byName(one.caller.project, definition.name)
    if (existing !== undefined && !isImported(existing)) return { ...item, name: definition.name, issues: [nameTaken] }
    const found = { ...item, name: definition.name, goesTo: placeOf(definition) }
    const { open, secrets: hidden } = partSecrets(reading.object)
    const kept: JsonObject = { reporter: open, scenario: { ...scenario }, sealed: sealedOf(one.caller.project, hidden) }
    if (existing !== undefined && isSame(existing, kept, one.caller.project)) return { ...found, action: 'unchanged' }
    const options: ImportOptions = { origin: { product: 'dataiku', object: kept }, warnings }
    try {
      const view = await keep(one, existing, definition, options)
      const shown = [...new Set([...warnings, ...view.warnings])]
      return { ...found, action: existing === undefined ? 'create' : 'replace', warnings: shown }
    } catch (thrown) {
      return refused(found, thrown, fieldOf)
    }
  }

  /** Stores a rule, or makes the draft of one whose channel may be planned only. */
  function keep(
    { caller, apply, planned }: Import,
    existing: Rule | undefined,
    definition: RunRuleDefinition,
    options: ImportOptions,
  ): Promise<Pick<Rule, 'warnings'>> {
    if (apply)
      return existing === undefined
        ? rules.create(caller, definition, options)
        : rules.update(caller, existing.id, definition, null, options)
    const routes = definition.routes.map((route) =>
      typeof route.channel === 'string' && planned.has(route.channel) ? { ...route, channel: null } : route,
    )
    const waits = (warning: string) => !(planned.size > 0 && warning.startsWith('A route waits'))
    return rules
      .draft(caller, { ...definition, routes }, options)
      .then(({ warnings }) => ({ warnings: warnings.filter(waits) }))
  }

  function sealedOf(project: string, hidden: JsonObject): string | null {
    return Object.keys(hidden).length === 0 ? null : secrets.seal(JSON.stringify(hidden), identity(project))
  }

  function hiddenOf(project: string, { sealed }: JsonObject): JsonObject {
    if (typeof sealed !== 'string') return {}
    const opened: Json = JSON.parse(secrets.open(sealed, identity(project)))
    return isObject(opened) ? opened : {}
  }

  /** Whether a rule came from this very object and was not changed since. */
  function isSame({ origin, definition }: DataikuOrigin, kept: JsonObject, project: string): boolean {
    const before = originalOf(origin.object)
    const whole = withSecrets(before.reporter, hiddenOf(project, origin.object))
    const now = originalOf(kept)
    const wanted = withSecrets(now.reporter, hiddenOf(project, kept))
    return sameText(whole, wanted) && sameText(writeReporter(whole, definition), whole)
  }

  return {
    /** Plans what to do with each object and, if `apply` is set, does it. One that is refused stops no other. */
    async import(caller: Caller, input: unknown): Promise<ImportReport> {
      const { objects, apply, fix } = validate(importRequest, input)
      const list = dataikuItems(objects)
      if (list === undefined)
        throw invalid('objects', 'must be a reporter, a channel, a scenario with reporters, or a list of these')
      if (list.length > MOST_OBJECTS) throw invalid('objects', `must be at most ${MOST_OBJECTS} at a time`)
      const stored = await channelsOf(context, caller.project)
      const planned: Import['planned'] = new Map()
      const channelOf: ChannelLookup = (id) => {
        const found = stored(id) ?? planned.get(id)
        return found === undefined ? undefined : { name: id, kind: found.kind }
      }
      const one: Import = { caller, apply, fix, channelOf, planned, names: new Set() }
      const items: ImportItem[] = []
      for (const [place, item] of list.entries()) items.push({ position: place + 1, ...(await take(one, item)) })
      return { applied: apply, items }
    },

    /** The reporters that were imported, as they came in but for what was changed since; secrets only where asked for. */
    async export(project: string, secretly: boolean): Promise<{ scenarios: JsonObject[]; reporters: JsonObject[] }> {
      const reporters: JsonObject[] = []
      const scenarios = new Map<string, JsonObject & { reporters: JsonObject[] }>()
      for (let after: number | undefined = 0; after !== undefined; ) {
        const page = await store.rules.list({ project, after, limit: PAGE })
        for (const { rule } of page) {
          if (!isImported(rule)) continue
          const { reporter, scenario } = originalOf(rule.origin.object)
          const whole = withSecrets(reporter, secretly ? hiddenOf(project, rule.origin.object) : {})
          const written = writeReporter(whole, rule.definition)
          const key = JSON.stringify(scenario)
          const of = scenarios.get(key) ?? { ...scenario, reporters: [] }
          if (key === '{}') reporters.push(written)
          else scenarios.set(key, { ...of, reporters: [...of.reporters, written] })
        }
        after = page.length === PAGE ? page.at(-1)?.index : undefined
      }
      return { scenarios: [...scenarios.values()], reporters }
    },
  }

  function take(one: Import, item: DataikuItem): Promise<Item> {
    return item.what === 'channel' ? takeChannel(one, item.object) : takeReporter(one, item.object, item.scenario)
  }
}

const blank = { index: null, blocked: null, goesTo: null, fixes: [], templates: [] }

/** What the secrets of what was imported are sealed for. */
function identity(project: string): string {
  return `dataiku|${project}`
}

function isImported(rule: Rule): rule is DataikuOrigin {
  return isRunRule(rule) && rule.origin?.product === 'dataiku'
}

function originalOf({ reporter, scenario }: JsonObject): { reporter: JsonObject; scenario: JsonObject } {
  return { reporter: isObject(reporter) ? reporter : {}, scenario: isObject(scenario) ? scenario : {} }
}

function readMended(object: unknown, scenario: Scenario | null, { fix, channelOf }: Import): ReporterReading {
  const reading = readReporter(object, scenario, channelOf)
  if (!fix || reading.fixes.length === 0) return reading
  const mended = Object.fromEntries(reading.fixes.map(({ field, value }) => [field, value]))
  return readReporter({ ...reading.object, ...mended }, scenario, channelOf)
}

function placeOf(definition: RunRuleDefinition): string {
  const waits = definition.routes.some(({ channel }) => channel === null)
  return waits ? 'a channel, once the rule names one' : destinationOf(definition)
}

/** Reporters of one name are told apart by a number. */
function freeName(names: Set<string>, name: string): string {
  let free = name
  for (let number = 2; names.has(free); number += 1) free = `${name.slice(0, 190)} (${number})`
  names.add(free)
  return free
}

function refused(item: Item, thrown: unknown, named: (path: string) => string): Item {
  if (!(thrown instanceof AppError) || !['invalid', 'conflict'].includes(thrown.code)) throw thrown
  const issues: Issue[] = thrown.issues.map(({ path, message }) => ({ path: named(path), message }))
  return { ...item, action: 'refuse', issues: issues.length > 0 ? issues : [{ path: '', message: thrown.message }] }
}

function sameText(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other)
}
