import { messageOf } from '../errors.ts'
import { renderBody } from '../language/template.ts'
import type { Variables } from '../language/template-value.ts'
import type { JsonObject } from '../model/json.ts'
import type { Message } from '../model/message.ts'
import type { Route, RuleDefinition } from '../model/rule.ts'
import { attachmentsOf } from './attachments.ts'
import { builtinMessage } from './builtin.ts'
import { builtinExpectation } from './expectation.ts'
import { mlrunMessage } from './mlrun.ts'
import { type Attempt, type Draft, ownParts } from './own-parts.ts'
import { builtinRunMessage, markOf } from './run.ts'
import { type RunComposeInput, runVariables } from './run-variables.ts'
import { renderSettings } from './settings.ts'
import { type ComposeInput, type Surroundings, variablesOf } from './variables.ts'
import { marks, oneLine } from './words.ts'

/** A message that can be sent. */
export interface Composed {
  message: Message
  /** The route's settings with their templates rendered. */
  settings: JsonObject
  /** What failed in templates; the message says it too. */
  errors: string[]
}

const LONGEST_ERROR = 1000
/** Bytes of the files of one mail where each recipient gets his own: there may be a thousand, kept until they are sent. */
const LARGEST_OF_MANY = 500_000

/** Writes the message of one route about alerts. It never fails. */
export function composeMessage(input: ComposeInput): Promise<Composed> {
  const draft = {
    builtin: input.isExpectation === true ? builtinExpectation(input) : builtinMessage(input),
    texts: input.rule.definition.message,
    mark: input.kind === 'firing' ? '' : marks[input.kind],
  }
  return write(draft, input, () => variablesOf(input))
}

/** Writes the message of one route about a run. It never fails. */
export function composeRunMessage(input: RunComposeInput): Promise<Composed> {
  const draft = {
    builtin: builtinOf(input),
    texts: input.rule.definition.message,
    mark: input.kind === 'run' ? '' : markOf(input),
  }
  return write(draft, { ...input, result: null, alerts: [] }, () => runVariables(input))
}

function builtinOf(input: RunComposeInput): Message {
  const { notification } = input.rule
  return notification === undefined || input.kind === 'error'
    ? builtinRunMessage(input)
    : mlrunMessage(input, notification)
}

/** Where a template of the rule fails, the built-in message goes out and names the error. */
async function write(draft: Draft, input: Surroundings, variablesOf: () => Variables): Promise<Composed> {
  const { route } = input
  const variables = hasTemplates(draft.texts, route) ? variablesOf() : {}
  const errors: string[] = []
  const attempt: Attempt = async (path, make) => {
    try {
      return await make()
    } catch (thrown) {
      errors.push(`${path}: ${messageOf(thrown)}`)
      return undefined
    }
  }
  const message: Message = { ...draft.builtin, ...(await ownParts(draft, variables, attempt)) }
  const { body } = route
  if (body !== undefined && body.text.trim() !== '') {
    const rendered = await attempt('body', () => renderBody(body.engine, body.text, variables, input.valueForm))
    if (rendered !== undefined) message.body = rendered
  }
  const settings = await renderSettings(input, variables, errors)
  await attach(message, settings, input)
  if (errors.length > 0) {
    const causes = (input.variableProblems ?? []).map((problem) => ` A variable could not be made: ${problem}`)
    const value = oneLine(`A template of the rule failed. ${errors.join('; ')}${causes.join('')}`, LONGEST_ERROR)
    message.facts.push({ name: 'Template error', value })
  }
  return { message, settings, errors }
}

/** Adds the files that are asked for, and says which are left out. A mail of one's own among many holds little. */
async function attach(message: Message, settings: JsonObject, input: Surroundings) {
  const { attachments, channelSettings, result, alerts, recipient } = input
  if (attachments === undefined) return
  const wishes = settings['attachments'] ?? channelSettings?.['attachments'] ?? []
  const most = recipient === undefined ? attachments.most : Math.min(attachments.most, LARGEST_OF_MANY)
  const rows = alerts.flatMap((alert) => alert.rows)
  const { files, notes } = await attachmentsOf(wishes, message, { ...attachments, most, result, rows })
  message.attachments.push(...files)
  message.facts.push(...notes.map((value) => ({ name: 'Attachment', value })))
}

/** Whether anything that is written for a route may use variables. */
export function hasTemplates(texts: RuleDefinition['message'], route: Pick<Route, 'body' | 'settings'>): boolean {
  return /\$\{|\{[{%]/.test(JSON.stringify([texts, route.body ?? null, route.settings]))
}
