import type { Issue } from '../errors.ts'
import { ConditionError, compileCondition } from '../evaluate/condition.ts'
import { ExpressionError } from '../language/expression/failure.ts'
import { checkTemplate } from '../language/template.ts'
import type { Condition, RuleDefinition } from '../model/rule.ts'

/** What is wrong with a rule's texts, and what its author should know. */
export interface TextCheck {
  issues: Issue[]
  warnings: string[]
}

interface TemplateText {
  path: string
  engine: 'liquid' | 'jinja'
  text: string
}

/** Parses every condition and template of a rule and looks at what can be told without its data. */
export function checkTexts(definition: RuleDefinition, known: ReadonlySet<string>): TextCheck {
  const { routes, fingerprint } = definition
  const issues = [
    ...conditionIssues(definition.condition, 'condition'),
    ...routes.flatMap(({ condition }, index) =>
      condition === undefined ? [] : conditionIssues(condition, `routes.${index}.condition`),
    ),
    ...repeated(fingerprint).map((name) => ({ path: 'fingerprint', message: `"${name}" is named twice` })),
    ...repeated(routes.flatMap(({ name }) => name ?? [])).map((name) => ({
      path: 'routes',
      message: `two routes are named "${name}"; names tell routes apart`,
    })),
    ...holdIssues(definition),
  ]
  const warnings: string[] = []
  for (const { path, engine, text } of templatesOf(definition)) {
    const checked = checkTemplate(engine, text, known)
    issues.push(...checked.errors.map((error) => ({ path, message: error.message })))
    warnings.push(...checked.warnings.map((warning) => `${path}: ${warning}`))
  }
  if (routes.length === 0) warnings.push('It has no routes, so nobody is told.')
  if (routes.some(({ channel }) => channel === null)) warnings.push('A route waits for a channel to be named.')
  return { issues, warnings }
}

/** Every text of a rule that is a template, with its place. Settings of routes are always Liquid. */
export function templatesOf({ message, routes }: RuleDefinition): TemplateText[] {
  const { engine = 'liquid', title = '', summary = '', paragraphs = [], links = [] } = message
  const own = [
    { path: 'message.title', engine, text: title },
    { path: 'message.summary', engine, text: summary },
    ...paragraphs.map((text, index) => ({ path: `message.paragraphs.${index}`, engine, text })),
    ...links.flatMap((link, index) => [
      { path: `message.links.${index}.text`, engine, text: link.text },
      { path: `message.links.${index}.url`, engine, text: link.url },
    ]),
  ]
  const ofRoutes = routes.flatMap(({ body, settings }, index) => [
    ...(body === undefined ? [] : [{ path: `routes.${index}.body.text`, ...body }]),
    ...Object.entries(settings).flatMap(([key, value]) =>
      typeof value === 'string'
        ? [{ path: `routes.${index}.settings.${key}`, engine: 'liquid' as const, text: value }]
        : [],
    ),
  ])
  return [...own, ...ofRoutes].filter(({ text }) => text !== '')
}

function conditionIssues(condition: Condition, path: string): Issue[] {
  try {
    compileCondition(condition)
    return []
  } catch (thrown) {
    if (thrown instanceof ExpressionError) {
      const place = `line ${thrown.line}, column ${thrown.column}`
      return [{ path: `${path}.text`, message: `${thrown.kind}: ${thrown.message} (${place})` }]
    }
    if (thrown instanceof ConditionError) return [{ path, message: thrown.message }]
    throw thrown
  }
}

function holdIssues(definition: RuleDefinition): Issue[] {
  const hold = definition.for
  if (typeof hold === 'string' || hold.times <= hold.of) return []
  return [{ path: 'for.times', message: `must be at most ${hold.of}, the number of evaluations looked at` }]
}

function repeated(names: readonly string[]): string[] {
  return [...new Set(names.filter((name, index) => names.indexOf(name) !== index))]
}
