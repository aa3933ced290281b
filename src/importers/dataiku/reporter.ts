import * as v from 'valibot'
import { isObject, type JsonObject } from '../../model/json.ts'
import { type RunRuleDefinition, runRule } from '../../model/rule.ts'
import { readRunCondition } from './condition.ts'
import type { Scenario } from './file.ts'
import { type ChannelLookup, readMessaging } from './messaging.ts'
import { type Notes, textOf } from './notes.ts'

/** What a reporter says, in our terms. */
export interface ReporterReading extends Notes {
  /** null when something is wrong with it. */
  definition: RunRuleDefinition | null
  /** As it came. */
  object: JsonObject
}

const fields: readonly [start: string, field: string][] = [
  ['name', 'name'],
  ['description', 'description'],
  ['condition', 'runCondition'],
  ['message.title', 'messaging.configuration.subject'],
  ['routes.0.body', 'messaging.configuration.message'],
  ['routes.0.settings.to', 'messaging.configuration.recipient'],
  ['routes.0.settings.cc', 'messaging.configuration.ccRecipient'],
  ['routes.0.settings.bcc', 'messaging.configuration.bccRecipient'],
  ['routes.0.settings.', 'messaging.configuration.'],
  ['routes.0', 'messaging.configuration'],
]

/** The field of a reporter that a path within our rule comes from. */
export function fieldOf(path: string): string {
  const [start = '', field = path] = fields.find(([begin]) => path.startsWith(begin)) ?? []
  return start.endsWith('.') ? field + path.slice(start.length) : field
}

/**
 * Reads a reporter of a scenario as a rule on its runs; without the scenario it is about the runs of all. Never throws.
 * What a field means stands in the documentation of `Scenario.get_settings()` of Dataiku's client.
 */
export function readReporter(value: unknown, scenario: Scenario | null, channelOf: ChannelLookup): ReporterReading {
  const notes: Notes = { warnings: [], fixes: [], templates: [], issues: [] }
  if (!isObject(value)) {
    notes.issues.push({ path: '', message: 'must be a reporter with name, phase, messaging, …' })
    return { definition: null, object: {}, ...notes }
  }
  const told = readMessaging(value['messaging'], channelOf, notes)
  const condition = conditionOf(value, notes)
  if (scenario === null)
    notes.warnings.push(
      'It names no scenario, so it is about the runs of all: give the whole scenario, with its reporters.',
    )
  const definition = checked(
    {
      name: nameOf(value, scenario, notes),
      description: textOf(value, 'description', notes),
      runs: scenario === null ? { kind: 'scenario' } : { name: scenario.name ?? scenario.id },
      when: [phaseOf(value, notes)],
      paused: flagOf(value, 'active', true, notes) === false,
      ...(condition === null ? {} : { condition: { dialect: 'formula', text: condition } }),
      ...(told === undefined ? {} : { routes: [told.route], message: told.message }),
    },
    notes,
  )
  return { definition, object: value, ...notes }
}

function nameOf(object: JsonObject, scenario: Scenario | null, notes: Notes): string {
  const own = textOf(object, 'name', notes).trim() || textOf(object, 'id', notes).trim()
  const of = scenario?.name ?? scenario?.id
  if (own === '' && of === undefined)
    notes.issues.push({ path: 'name', message: 'is missing; any text that tells it apart' })
  return (of === undefined ? own : `${of}: ${own || 'reporter'}`).slice(0, 200)
}

function phaseOf(object: JsonObject, notes: Notes): 'start' | 'end' {
  const phase = textOf(object, 'phase', notes)
  if (phase === 'START') return 'start'
  if (phase === '' || phase === 'END') return 'end'
  if (phase.startsWith('END')) notes.warnings.push(`phase: "${phase}" is taken for END`)
  else notes.issues.push({ path: 'phase', message: `must be START or END, not "${phase}"` })
  return 'end'
}

/** The formula it depends on; null when it always sends. */
function conditionOf(object: JsonObject, notes: Notes): string | null {
  const text = textOf(object, 'runCondition', notes).trim()
  if (flagOf(object, 'runConditionEnabled', false, notes) !== true) return null
  if (text !== '') return readRunCondition(text, notes)
  notes.warnings.push('runCondition: is empty, so the message is always sent')
  return null
}

function flagOf(object: JsonObject, key: string, initial: boolean, { issues }: Notes): boolean {
  const value = object[key] ?? initial
  if (typeof value === 'boolean') return value
  issues.push({ path: key, message: 'must be true or false' })
  return initial
}

function checked(input: unknown, { issues }: Notes): RunRuleDefinition | null {
  const result = v.safeParse(runRule, input)
  if (!result.success) {
    for (const issue of result.issues) {
      const path = fieldOf(v.getDotPath(issue) ?? '')
      if (!issues.some((known) => known.path === path)) issues.push({ path, message: issue.message })
    }
    return null
  }
  return issues.length === 0 ? result.output : null
}
