import * as v from 'valibot'
import { duration } from './duration.ts'
import type { JsonObject } from './json.ts'
import { severities } from './message.ts'
import type { MlrunNotification, MlrunOwner } from './mlrun.ts'
import { clockSchedules, expectation, occasions, runMatch } from './run-match.ts'
import { filled, text } from './text.ts'

/** Names of rules, channels and connections: unique per project and kind, any characters but control characters. */
export const name = v.pipe(
  filled(200),
  v.trim(),
  v.nonEmpty('must not be blank'),
  v.check((value) => !/\p{Cc}/u.test(value), 'must not hold control characters such as line breaks'),
)

const settings = v.custom<JsonObject>(
  (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
  'must be an object of settings',
)

/** The languages of conditions: Python's, Dataiku's formulas, and MLRun's one Jinja expression. */
const dialects = ['python', 'formula', 'jinja'] as const

/** A condition written in a dialect; the text keeps its dialect for ever. */
const expression = v.strictObject({
  dialect: v.optional(v.picklist(dialects, 'must be "python", "formula" or "jinja"'), 'python'),
  text: filled(20_000),
})

/** Guided conditions, kept as data and compiled to the same tree as an expression. */
const guided = v.variant(
  'trigger',
  [
    v.strictObject({
      trigger: v.literal('threshold'),
      column: filled(200),
      operator: v.picklist(['>', '>=', '<', '<=', '==', '!='], 'must be one of > >= < <= == !='),
      value: v.union([v.number(), v.string(), v.boolean()], 'must be a number, a text or true/false'),
      rows: v.optional(v.picklist(['any', 'all'], 'must be "any" or "all"'), 'any'),
    }),
    v.strictObject({ trigger: v.literal('rows') }),
    v.strictObject({ trigger: v.literal('no-rows') }),
    v.strictObject({ trigger: v.literal('changed') }),
    v.strictObject({ trigger: v.literal('stale'), column: filled(200), olderThan: duration('1s', '365d') }),
  ],
  'trigger must be one of "threshold", "rows", "no-rows", "changed", "stale"; or give {"dialect":"python","text":"…"}',
)

export const condition = v.union(
  [expression, guided],
  'must be {"dialect":"python","text":"…"} or a guided trigger such as {"trigger":"rows"}',
)

const schedule = v.union(
  [
    ...clockSchedules,
    /** Due whenever a run comes to one of these states. */
    v.strictObject({ after: v.strictObject({ runs: runMatch, when: occasions }) }),
  ],
  'must be {"cron":"*/5 * * * *","timezone":"UTC"} or {"every":"30s"}, or {"after":{"runs":{"name":"load"},"when":["completed"]}}',
)

/** The languages of templates: `formula` is text with `${…}` in it. */
const templateEngines = ['liquid', 'jinja', 'formula'] as const
export type TemplateEngine = (typeof templateEngines)[number]
const engine = v.optional(v.picklist(templateEngines, 'must be "liquid", "jinja" or "formula"'), 'liquid')

/** A text with the template engine it is written in. */
const template = v.strictObject({
  engine,
  text: text(100_000),
})

const linkTemplate = v.strictObject({ text: filled(500), url: filled(5_000) })
const few = <Schema extends v.GenericSchema>(item: Schema) =>
  v.pipe(v.array(item), v.maxLength(50, 'must be at most 50'))

/** What a rule's messages say, part by part; all texts are templates of the one engine. */
const messageTemplates = v.strictObject({
  engine,
  title: v.optional(text(10_000), ''),
  summary: v.optional(text(50_000), ''),
  paragraphs: v.optional(few(text(50_000)), []),
  /** Before the built-in ones, and in place of those of the same name. */
  facts: v.optional(few(v.strictObject({ name: filled(500), value: text(10_000) }))),
  /** Whether the built-in facts are shown: labels, value, condition, connection, times. */
  details: v.optional(v.boolean('must be true or false')),
  /** Which columns of the rows are shown and how many rows; false: none. */
  table: v.optional(
    v.union(
      [
        v.boolean(),
        v.strictObject({
          columns: v.optional(v.pipe(v.array(filled(200)), v.minLength(1, 'must name one at least'))),
          rows: v.optional(
            v.pipe(v.number('must be a number'), v.integer('must be whole'), v.minValue(1), v.maxValue(100)),
          ),
        }),
      ],
      'must be true, false or {"columns":["…"],"rows":20}',
    ),
  ),
  code: v.optional(text(50_000)),
  links: v.optional(few(linkTemplate), []),
  actions: v.optional(few(linkTemplate)),
  image: v.optional(text(5_000)),
})

export const routePhases = ['firing', 'resolved', 'error', 'no-data'] as const
/** What routes of run rules may ask for besides: a run or step began, is under way, or ended. */
export const runPhases = ['start', 'progress', 'end'] as const
export const allPhases = [...routePhases, ...runPhases] as const

const routeOf = (phases: readonly RoutePhase[], every: readonly RoutePhase[]) => ({
  /** Key within the rule; keeps what was told apart when routes are edited. Made from the channel when absent. */
  name: v.optional(name),
  /** A stored channel by name, or an inline one. Null: waits for a channel to be named. */
  channel: v.union(
    [name, v.strictObject({ kind: filled(50), settings }), v.null()],
    'must be the name of a channel or {"kind":"webhook","settings":{…}}',
  ),
  /** The route's own settings over the channel's; texts in them may be Liquid templates. */
  settings: v.optional(settings, {}),
  when: v.optional(
    v.pipe(
      v.array(v.picklist(phases, `must be one of ${phases.join(', ')}`)),
      v.minLength(1, 'must name one at least'),
    ),
    [...every],
  ),
  condition: v.optional(expression),
  /** One message for each alert instead of one for all. */
  each: v.optional(v.boolean('must be true or false'), false),
  /** A channel-specific body instead of the channel's own form. */
  body: v.optional(template),
})
const routes = (phases: readonly RoutePhase[]) =>
  v.optional(v.pipe(v.array(v.strictObject(routeOf(phases, phases))), v.maxLength(50, 'must be at most 50 routes')), [])

const message = v.optional(messageTemplates, {})

const severity = v.picklist(severities, `must be one of ${severities.join(', ')}`)

const suppressionMinutes = v.optional(
  v.pipe(
    v.number('must be a number of minutes'),
    v.integer('must be whole minutes'),
    v.minValue(0, 'must not be negative'),
    v.maxValue(525_600, 'must be at most a year'),
  ),
  0,
)

/** What every kind of rule has. */
const shared = {
  name,
  description: v.optional(text(5_000), ''),
  tags: v.optional(v.pipe(v.array(filled(100)), v.maxLength(50, 'must be at most 50 tags')), []),
  /** Told again while it goes on firing; 0s: never. */
  remindEvery: v.optional(duration('0s', '31d'), '0s'),
  resolve: v.optional(v.boolean('must be true or false'), true),
  /** Minutes without another message after one was delivered, per alert and route; 0: none. */
  suppressionMinutes,
  message,
  paused: v.optional(v.boolean('must be true or false'), false),
}

const errorPolicy = v.picklist(['error', 'keep', 'fire', 'normal'], 'must be one of error, keep, fire, normal')

/** A query rule as users write it. Unknown keys are refused. */
export const queryRule = v.strictObject({
  ...shared,
  connection: name,
  query: filled(100_000),
  schedule,
  condition,
  /** Columns that tell alerts apart; none: the whole rule is one alert. */
  fingerprint: v.optional(v.pipe(v.array(filled(200)), v.maxLength(16, 'must be at most 16 columns')), []),
  severity: v.optional(severity, 'warning'),
  /** How long, or how many of the latest evaluations, the condition must hold before the alert fires. */
  for: v.optional(
    v.union(
      [
        duration('0s', '31d'),
        v.strictObject({
          times: v.pipe(v.number('must be a number'), v.integer('must be whole'), v.minValue(1), v.maxValue(100)),
          of: v.pipe(v.number('must be a number'), v.integer('must be whole'), v.minValue(1), v.maxValue(100)),
        }),
      ],
      'must be a duration such as "5m" or {"times":3,"of":5}',
    ),
    '0s',
  ),
  keepFiringFor: v.optional(duration('0s', '31d'), '0s'),
  /** `transitions`: told when it starts and ends; `every`: told at each true evaluation and never resolved. */
  notify: v.optional(v.picklist(['transitions', 'every'], 'must be "transitions" or "every"'), 'transitions'),
  onNoRows: v.optional(
    v.picklist(
      ['condition', 'keep', 'fire', 'normal', 'no-data'],
      'must be one of condition, keep, fire, normal, no-data',
    ),
    'condition',
  ),
  onQueryError: v.optional(errorPolicy, 'error'),
  onConditionError: v.optional(errorPolicy, 'error'),
  routes: routes(routePhases),
  timeout: v.optional(duration('1s', '1h')),
  maxRows: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(100_000))),
})

/** A rule on runs as users write it: `when` tells of what becomes of them, `expect` of what they fail to do. */
export const runRule = v.pipe(
  v.strictObject({
    ...shared,
    runs: runMatch,
    when: v.optional(occasions),
    expect: v.optional(expectation),
    condition: v.optional(expression),
    /** That of what happened when absent: an error for a run that failed. */
    severity: v.optional(severity),
    /** `mlrun`: the condition is asked of runs that completed alone, and one that fails sends, as MLRun has it. */
    policy: v.optional(v.picklist(['native', 'mlrun'], 'must be "native" or "mlrun"')),
    /** What a condition that cannot be decided means: it is told as an error, the message is sent, or it is not. */
    onConditionError: v.optional(v.picklist(['error', 'send', 'skip'], 'must be one of error, send, skip'), 'error'),
    routes: routes(allPhases),
  }),
  v.check(
    ({ when, expect }) => (when === undefined) !== (expect === undefined),
    'must have either "when", such as ["error"], or "expect", such as {"longerThan":"2h"}',
  ),
  v.check(
    ({ condition, expect }) => condition === undefined || expect === undefined,
    'must not have a condition beside "expect"',
  ),
)

/** Either kind of rule; which one it is shows in `query` or `runs`. */
export const ruleDefinition = v.union([queryRule, runRule])

export type QueryRuleDefinition = v.InferOutput<typeof queryRule>
export type RunRuleDefinition = v.InferOutput<typeof runRule>
export type RuleDefinition = QueryRuleDefinition | RunRuleDefinition
export type RuleInput = v.InferInput<typeof queryRule>

export type Condition = v.InferOutput<typeof condition>
export type Route = RuleDefinition['routes'][number]
export type RoutePhase = (typeof allPhases)[number]
/** When a rule is due by the clock, or after which runs. */
export type RuleSchedule = QueryRuleDefinition['schedule']
export type ErrorPolicy = v.InferOutput<typeof errorPolicy>

/** What is kept of a channel written into a route, beside its public settings in the definition. */
export interface InlineChannel {
  /** Computed from the settings when the rule is saved; holds no secret. */
  destination: string
  /** Its secret settings, sealed with the identity `rules|<rule id>|<route key>`. */
  sealed: string | null
}

/** A notification of MLRun, and whose it is. Marks stand in its `params` where they hold secrets. */
export interface OwnedNotification extends MlrunNotification {
  owner: MlrunOwner
  /** The secrets among its `params`, sealed for `paramsIdentity`; null when there are none. */
  sealed: string | null
}

/** A stored rule. Times are ms since 1970. */
export interface Rule<Definition extends RuleDefinition = RuleDefinition> {
  id: string
  project: string
  definition: Definition
  /** Rises with every change; an edit names the one it read. */
  version: number
  /** By route key, for the routes with an inline channel. */
  inline: Record<string, InlineChannel>
  /** Another product's object this rule came from, whole, so that export gives it back. */
  origin: { product: 'vianops' | 'dataiku'; index: number; object: JsonObject } | null
  /** The notification of MLRun that it stands for; such a rule is changed with its list alone. */
  notification?: OwnedNotification
  /** Things the user should know, found when it was saved or imported. */
  warnings: string[]
  /** Set while the rule cannot run for a reason outside it, such as an unbound connection. */
  blocked: string | null
  createdBy: string
  createdAt: number
  updatedAt: number
  /** When it is due next; null while paused or blocked. */
  nextDueAt: number | null
  lastRunAt: number | null
  /** The latest evaluation that could be decided; `:since` of the next one. */
  lastSuccessAt: number | null
  lastAlertAt: number | null
}

export type QueryRule = Rule<QueryRuleDefinition>
export type RunRule = Rule<RunRuleDefinition>

export function isQueryRule(rule: Rule): rule is QueryRule {
  return 'query' in rule.definition
}

export function isRunRule(rule: Rule): rule is RunRule {
  return 'runs' in rule.definition
}

/** The schema of the kind of rule that an input looks like. */
export function ruleSchemaFor(input: unknown): typeof queryRule | typeof runRule {
  return typeof input === 'object' && input !== null && 'runs' in input ? runRule : queryRule
}

/**
 * The key of each route, in order: its name, else its channel's name or kind, made unique by a number. A name is a key as
 * it stands, wherever its route stands among the others.
 */
export function routeKeys({ routes }: Pick<RuleDefinition, 'routes'>): string[] {
  const taken = new Set(routes.flatMap(({ name }) => name ?? []))
  return routes.map(({ name, channel }, index) => {
    if (name !== undefined && routes.findIndex((route) => route.name === name) === index) return name
    const base = name ?? (channel === null ? 'unnamed' : typeof channel === 'string' ? channel : channel.kind)
    let key = base
    for (let number = 2; taken.has(key); number += 1) key = `${base}-${number}`
    taken.add(key)
    return key
  })
}
