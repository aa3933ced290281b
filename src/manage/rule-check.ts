import { channels, isChannelKind } from '../channels/index.ts'
import { runNamesFor } from '../compose/run-variables.ts'
import { namesFor } from '../compose/variables.ts'
import type { Issue } from '../errors.ts'
import { ConditionError, compileCondition } from '../evaluate/condition.ts'
import { checkNames } from '../evaluate/condition-check.ts'
import { expectationColumns } from '../evaluate/expectation.ts'
import { checkRunNames } from '../evaluate/run-condition.ts'
import { ExpressionError } from '../language/expression/failure.ts'
import { checkJinjaCondition } from '../language/jinja-condition.ts'
import { checkTemplate } from '../language/template.ts'
import type { JsonObject } from '../model/json.ts'
import type {
  Condition,
  QueryRuleDefinition,
  Route,
  RuleDefinition,
  RunRuleDefinition,
  TemplateEngine,
} from '../model/rule.ts'
import { fixedKeys, secretKeys } from '../model/settings.ts'

/** What is wrong with a rule's texts, and what its author should know. */
export interface TextCheck {
  issues: Issue[]
  warnings: string[]
}

interface TemplateText {
  path: string
  engine: TemplateEngine
  text: string
}

/**
 * Parses every condition and template of a rule and looks at what can be told without its data. `variables` are names
 * that texts about runs may use besides.
 */
export async function checkTexts(definition: RuleDefinition, variables: readonly string[] = []): Promise<TextCheck> {
  const { routes } = definition
  const isQuery = 'query' in definition
  const conditions = isQuery ? queryConditions(definition) : runConditions(definition, variables)
  const issues = [
    ...conditions.flatMap((checked) => checked.issues),
    ...repeated(isQuery ? definition.fingerprint : []).map((name) => ({
      path: 'fingerprint',
      message: `"${name}" is named twice`,
    })),
    ...repeated(routes.flatMap(({ name }) => name ?? [])).map((name) => ({
      path: 'routes',
      message: `two routes are named "${name}"; names tell routes apart`,
    })),
    ...(isQuery ? holdIssues(definition) : []),
  ]
  const warnings = conditions.flatMap((checked) => checked.warnings)
  for (const { path, engine, text } of templatesOf(definition)) {
    const checked = await checkTemplate(
      engine,
      text,
      isTelling(definition) ? runNamesFor(text, variables) : namesFor(text),
    )
    issues.push(...checked.errors.map((error) => ({ path, message: error.message })))
    warnings.push(...checked.warnings.map((warning) => `${path}: ${warning}`))
  }
  if (routes.length === 0) warnings.push('It has no routes, so nobody is told.')
  if (routes.some(({ channel }) => channel === null)) warnings.push('A route waits for a channel to be named.')
  return { issues, warnings }
}

/** Every condition of a rule, with its place. */
export function conditionsOf({ condition, routes }: Conditional): { path: string; condition: Condition }[] {
  const ofRoutes = routes.flatMap((route, index) =>
    route.condition === undefined ? [] : [{ path: `routes.${index}.condition`, condition: route.condition }],
  )
  return [...(condition === undefined ? [] : [{ path: 'condition', condition }]), ...ofRoutes]
}

type Conditional = Pick<RuleDefinition, 'routes'> & { condition?: Condition | undefined }

function queryConditions(definition: QueryRuleDefinition): TextCheck[] {
  return conditionsOf(definition).map(({ path, condition }) =>
    checkCondition(path, condition, () => checkNames(compileCondition(condition), definition.fingerprint)),
  )
}

/** What an expectation tells is like a row of a query; other run rules ask the run. */
function runConditions(definition: RunRuleDefinition, variables: readonly string[]): TextCheck[] {
  return conditionsOf(definition).map(({ path, condition }) =>
    checkCondition(path, condition, () =>
      definition.policy === 'mlrun' && 'text' in condition
        ? leniently(condition.text)
        : definition.expect === undefined
          ? checkRunNames(condition, variables)
          : checkNames(compileCondition(condition), expectationColumns),
    ),
  )
}

/** With MLRun's policy a condition that is wrong sends; its author is told so. */
function leniently(text: string): { errors: string[]; warnings: string[] } {
  const { errors, warnings } = checkJinjaCondition(text)
  return { errors: [], warnings: [...errors.map((error) => `${error} It is sent then.`), ...warnings] }
}

/** Whether its messages are about runs rather than alerts. */
function isTelling(definition: RuleDefinition): boolean {
  return 'runs' in definition && definition.when !== undefined
}

/** Every text of a rule that is a template, with its place. Settings of routes are always Liquid. */
function templatesOf({ message, routes }: RuleDefinition): TemplateText[] {
  const { engine = 'liquid', table: _, ...parts } = message
  const own = textsIn(parts, 'message').map((text) => ({ ...text, engine }))
  const ofRoutes = routes.flatMap(({ body, channel, settings }, index) => [
    ...(body === undefined ? [] : [{ path: `routes.${index}.body.text`, ...body }]),
    ...[
      ...textsIn(publicSettings(channel), `routes.${index}.channel.settings`),
      ...textsIn(settings, `routes.${index}.settings`),
    ].map((text) => ({ ...text, engine: 'liquid' as const })),
  ])
  return [...own, ...ofRoutes].filter(({ text }) => text !== '')
}

/** What an inline channel is set to, but for what is no template, whatever it looks like: secrets and what is fixed. */
function publicSettings(channel: Route['channel']): JsonObject {
  if (channel === null || typeof channel === 'string' || !isChannelKind(channel.kind)) return {}
  const schema = channels[channel.kind].settings
  const literal = [...secretKeys(schema), ...fixedKeys(schema)]
  return Object.fromEntries(Object.entries(channel.settings).filter(([key]) => !literal.includes(key)))
}

/** The texts within a value, however deep, with their places. */
function textsIn(value: unknown, path: string): { path: string; text: string }[] {
  if (typeof value === 'string') return [{ path, text: value }]
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, item]) => textsIn(item, `${path}.${key}`))
}

function checkCondition(
  path: string,
  condition: Condition,
  check: () => { errors: string[]; warnings: string[] },
): TextCheck {
  const place = 'text' in condition ? `${path}.text` : path
  try {
    const { errors, warnings } = check()
    return { issues: errors.map((message) => ({ path: place, message })), warnings }
  } catch (thrown) {
    if (!(thrown instanceof ExpressionError || thrown instanceof ConditionError)) throw thrown
    const { kind, message, line, column } = thrown
    return { issues: [{ path: place, message: `${kind}: ${message} (line ${line}, column ${column})` }], warnings: [] }
  }
}

function holdIssues(definition: QueryRuleDefinition): Issue[] {
  const hold = definition.for
  if (typeof hold === 'string' || hold.times <= hold.of) return []
  return [{ path: 'for.times', message: `must be at most ${hold.of}, the number of evaluations looked at` }]
}

function repeated(names: readonly string[]): string[] {
  return [...new Set(names.filter((name, index) => names.indexOf(name) !== index))]
}
