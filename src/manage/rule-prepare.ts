import type { GenericSchema } from 'valibot'
import { AppError, type Issue } from '../errors.ts'
import type { JsonObject } from '../model/json.ts'
import { didYouMean } from '../model/nearest.ts'
import {
  type InlineChannel,
  isQueryRule,
  type QueryRuleDefinition,
  type Rule,
  type RuleDefinition,
  type RunRuleDefinition,
  ruleSchemaFor,
} from '../model/rule.ts'
import { faulty, validate } from '../model/validate.ts'
import { variableNames } from '../model/variables.ts'
import type { ConnectionRow } from '../store/connections.ts'
import type { ManageContext } from './context.ts'
import { checkTexts } from './rule-check.ts'
import { sealRoutes } from './rule-routes.ts'
import { tryQuery } from './rule-trial.ts'

/** How a rule is taken that does not come from its author. */
export interface PrepareOptions {
  origin?: { product: 'vianops' | 'dataiku'; object: JsonObject } | null
  /** Things the import found, to be kept with the rule. */
  warnings?: string[]
  /** Stores it without having tried its query. */
  skipTrial?: boolean
  /** A connection that does not exist blocks the rule instead of being refused. */
  allowUnbound?: boolean
}

/** The rule that is prepared, and how it was before this edit. */
interface Owner {
  id: string
  project: string
  before: Rule | null
}

/** A rule that is ready to be stored. */
export interface ReadyRule {
  definition: RuleDefinition
  inline: Record<string, InlineChannel>
  warnings: string[]
  /** Why it cannot run for now; null when it can. */
  blocked: string | null
}

/** Checks a rule as users write it, seals what is secret in it and tries its query. Throws `invalid` with all that is wrong. */
export async function prepareRule(
  context: ManageContext,
  owner: Owner,
  input: unknown,
  options: PrepareOptions,
): Promise<ReadyRule> {
  const definition = validate<GenericSchema<unknown, RuleDefinition>>(ruleSchemaFor(input), input)
  const known = variableNames(await context.store.variables.holdingIn(owner.project))
  const checked = await checkTexts(definition, known)
  const issues = [...checked.issues, ...scheduleIssues(context, definition)]
  const binding = 'query' in definition ? await bind(context, owner, definition, options) : NO_CONNECTION
  issues.push(...binding.issues)
  const sealed = await sealRoutes(context, owner, definition).catch((thrown: unknown) => {
    if (!(thrown instanceof AppError) || thrown.code !== 'invalid') throw thrown
    issues.push(...thrown.issues)
    return { routes: [], inline: {} }
  })
  if (issues.length > 0) throw faulty(issues)
  const addresses = 'runs' in definition && context.baseUrl?.() === null ? addressWarnings(definition, known) : []
  const isImported = (options.origin ?? owner.before?.origin ?? null) !== null
  const tried =
    binding.connection === undefined || options.skipTrial === true || !('query' in definition)
      ? []
      : await tryQuery(context, binding.connection, definition, isImported)
  return {
    definition: { ...definition, routes: sealed.routes },
    inline: sealed.inline,
    warnings: [...new Set([...(options.warnings ?? []), ...checked.warnings, ...addresses, ...tried])],
    blocked: binding.unbound === null ? null : `connection: ${binding.unbound}`,
  }
}

/** What is empty in messages of a rule on runs while nobody said where people reach this instance, and what helps. */
function addressWarnings({ condition, message, routes }: RunRuleDefinition, variables: readonly string[]): string[] {
  const texts = JSON.stringify([condition, message, routes])
  const reason = 'since Tocsin does not know where people reach it'
  const empty = {
    scenarioRunURL: `is empty for runs that bring no "url" along, ${reason}`,
    dssURL: `is empty, ${reason}`,
  }
  return Object.entries(empty).flatMap(([name, what]) =>
    !texts.includes(name) || variables.includes(name)
      ? []
      : [`"${name}" ${what}: the operator sets baseUrl (TOCSIN_BASE_URL), or a variable "${name}" gives the address.`],
  )
}

interface Binding {
  connection: ConnectionRow | undefined
  /** Why there is no connection though one is named. */
  unbound: string | null
  issues: Issue[]
}

const NO_CONNECTION: Binding = { connection: undefined, unbound: null, issues: [] }

/** The connection of a query rule. */
async function bind(
  context: ManageContext,
  { project, before }: Owner,
  { connection: name }: QueryRuleDefinition,
  options: PrepareOptions,
): Promise<Binding> {
  const connection = await context.store.connections.byName(project, name)
  if (connection !== undefined) return { ...NO_CONNECTION, connection }
  const unbound = await missingConnection(context, project, name)
  const hadIt = before !== null && isQueryRule(before) && before.definition.connection === name
  const issues = options.allowUnbound === true || hadIt ? [] : [{ path: 'connection', message: unbound }]
  return { connection, unbound, issues }
}

function scheduleIssues({ readSchedule, clock }: ManageContext, definition: RuleDefinition): Issue[] {
  const schedule = 'query' in definition ? definition.schedule : definition.expect?.schedule
  if (schedule === undefined) return []
  try {
    readSchedule(schedule, clock.now())
    return []
  } catch (thrown) {
    if (!(thrown instanceof AppError)) throw thrown
    const prefix = 'query' in definition ? '' : 'expect.'
    return thrown.issues.map(({ path, message }) => ({ path: `${prefix}${path}`, message }))
  }
}

async function missingConnection({ store }: ManageContext, project: string, name: string): Promise<string> {
  const names = await store.connections.names(project)
  const remedy = names.length === 0 ? ' There are no connections yet: make one first.' : didYouMean(name, names)
  return `there is no connection "${name}".${remedy}`
}
