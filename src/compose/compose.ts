import { messageOf } from '../errors.ts'
import { renderBody } from '../language/template.ts'
import type { JsonObject } from '../model/json.ts'
import type { Message } from '../model/message.ts'
import { attachmentsOf } from './attachments.ts'
import { builtinMessage } from './builtin.ts'
import { type Attempt, ownParts } from './own-parts.ts'
import { renderSettings } from './settings.ts'
import { type ComposeInput, variablesOf } from './variables.ts'
import { oneLine } from './words.ts'

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

/**
 * Writes the message of one route. It never fails: where a template of the rule does, the built-in message goes out and
 * names the error.
 */
export async function composeMessage(input: ComposeInput): Promise<Composed> {
  const variables = hasTemplates(input) ? variablesOf(input) : {}
  const errors: string[] = []
  const attempt: Attempt = async (path, make) => {
    try {
      return await make()
    } catch (thrown) {
      errors.push(`${path}: ${messageOf(thrown)}`)
      return undefined
    }
  }
  const builtin = builtinMessage(input)
  const message: Message = { ...builtin, ...(await ownParts(input, builtin, variables, attempt)) }
  const { body } = input.route
  if (body !== undefined && body.text.trim() !== '') {
    const rendered = await attempt('body', () => renderBody(body.engine, body.text, variables))
    if (rendered !== undefined) message.body = rendered
  }
  const settings = await renderSettings(input, variables, errors)
  await attach(message, settings, input)
  if (errors.length > 0) {
    const value = oneLine(`A template of the rule failed. ${errors.join('; ')}`, LONGEST_ERROR)
    message.facts.push({ name: 'Template error', value })
  }
  return { message, settings, errors }
}

/** Adds the files that are asked for, and says which are left out. A mail of one's own among many holds little. */
async function attach(message: Message, settings: JsonObject, input: ComposeInput) {
  const { attachments, channelSettings, result, alerts, recipient } = input
  if (attachments === undefined) return
  const wishes = settings['attachments'] ?? channelSettings?.['attachments'] ?? []
  const most = recipient === undefined ? attachments.most : Math.min(attachments.most, LARGEST_OF_MANY)
  const rows = alerts.flatMap((alert) => alert.rows)
  const { files, notes } = await attachmentsOf(wishes, message, { ...attachments, most, result, rows })
  message.attachments.push(...files)
  message.facts.push(...notes.map((value) => ({ name: 'Attachment', value })))
}

function hasTemplates({ rule, route }: ComposeInput): boolean {
  return /\$\{|\{[{%]/.test(JSON.stringify([rule.definition.message, route.body ?? null, route.settings]))
}
