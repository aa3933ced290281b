import { isObject, type Json, type JsonObject } from '../../model/json.ts'
import { convertFreemarker } from './freemarker.ts'
import { type Notes, textOf } from './notes.ts'
import { readRecipients, settingText } from './recipients.ts'

/** How the channel a reporter names is found: by its id in Dataiku. */
export type ChannelLookup = (id: string) => { name: string; kind: string } | undefined

/** Where a reporter's message goes and what it says, as parts of a rule. */
export interface Told {
  route: JsonObject
  message: JsonObject
}

/** One type of reporter: the kinds of channels it sends through, and its keys. */
interface Type {
  kinds: readonly string[]
  /** Keys that are read; others are told of. */
  keys: readonly string[]
  /** Where the message stands. */
  body: readonly string[]
  /** Settings of the route. */
  settings(configuration: JsonObject, notes: Notes): JsonObject
  /** The channel a reporter brings along; undefined when it has none. */
  own?(configuration: JsonObject, notes: Notes): JsonObject | undefined
}

const MESSAGE = ['message'] as const
const FIELD = 'messaging.configuration'

const ownAddress =
  (kind: string, settings: JsonObject = {}) =>
  (configuration: JsonObject, notes: Notes): JsonObject | undefined => {
    const key = kind === 'webhook' && configuration['webhookUrl'] === undefined ? 'url' : 'webhookUrl'
    const address = textOf(configuration, key, notes, `${FIELD}.${key}`)
    if (address.trim() === '') return undefined
    if (address.includes('${')) {
      notes.issues.push({
        path: `${FIELD}.${key}`,
        message: 'holds a variable; addresses are secrets and stand as they are',
      })
      return undefined
    }
    return { kind, settings: { ...settings, [kind === 'webhook' ? 'url' : 'webhookUrl']: address.trim() } }
  }

/** Settings by our names, from texts by Dataiku's. */
function renamed(names: Record<string, string>) {
  return (configuration: JsonObject, notes: Notes): JsonObject =>
    Object.fromEntries(
      Object.entries(names).flatMap(([from, to]) => {
        const text = textOf(configuration, from, notes, `${FIELD}.${from}`).trim()
        return text === '' ? [] : [[to, settingText(text, `${FIELD}.${from}`, notes)]]
      }),
    )
}

const slackNames = { channel: 'channel', username: 'username', color: 'colour' }
const twilioNames = { fromNumber: 'fromNumber', toNumber: 'to' }

const types: Record<string, Type> = {
  'mail-scenario': {
    kinds: ['mail', 'microsoft-graph-mail'],
    keys: [
      ...['sender', 'recipient', 'ccRecipient', 'bccRecipient', 'subject', 'message', 'sendAsHTML'],
      ...['messageSource', 'templateFormat', 'templateName', 'attachments'],
    ],
    body: MESSAGE,
    settings: mailSettings,
  },
  'slack-scenario': {
    kinds: ['slack'],
    keys: ['message', 'webhookUrl', 'mode', 'useProxy', ...Object.keys(slackNames)],
    body: MESSAGE,
    settings: renamed(slackNames),
    own: ownAddress('slack'),
  },
  'msft-teams-scenario': {
    kinds: ['teams'],
    keys: ['message', 'webhookUrl', 'webhookType', 'useProxy'],
    body: MESSAGE,
    settings: () => ({}),
    own: ownAddress('teams'),
  },
  'google-chat-scenario': {
    kinds: ['webhook'],
    keys: ['message', 'webhookUrl', 'useProxy'],
    body: MESSAGE,
    settings: () => ({}),
    own: ownAddress('webhook', { preset: 'google-chat' }),
  },
  'webhook-scenario': {
    kinds: ['webhook'],
    keys: ['message', 'payload', 'body', 'url', 'webhookUrl', 'method', 'useProxy'],
    body: ['message', 'payload', 'body'],
    settings: () => ({}),
    own(configuration, notes) {
      const method = textOf(configuration, 'method', notes, `${FIELD}.method`).trim().toUpperCase()
      return ownAddress('webhook', method === '' ? {} : { method })(configuration, notes)
    },
  },
  'twilio-scenario': {
    kinds: ['twilio'],
    keys: ['message', ...Object.keys(twilioNames)],
    body: MESSAGE,
    settings: renamed(twilioNames),
  },
  'shell-scenario': { kinds: ['shell'], keys: ['message'], body: MESSAGE, settings: () => ({}) },
}

/** Reads the `messaging` of a reporter; undefined where something is wrong. */
export function readMessaging(messaging: Json | undefined, channelOf: ChannelLookup, notes: Notes): Told | undefined {
  if (!isObject(messaging)) {
    notes.issues.push({ path: 'messaging', message: 'must be an object with type and configuration' })
    return undefined
  }
  const name = textOf(messaging, 'type', notes, 'messaging.type')
  const type = Object.hasOwn(types, name) ? types[name] : undefined
  if (type === undefined) {
    const message = `"${name}" cannot be taken over; it must be one of ${Object.keys(types).join(', ')}`
    notes.issues.push({ path: 'messaging.type', message })
    return undefined
  }
  const configuration = isObject(messaging['configuration']) ? messaging['configuration'] : {}
  for (const key of Object.keys(configuration))
    if (key !== 'channelId' && !type.keys.includes(key))
      notes.warnings.push(`${FIELD}.${key}: is kept and given back, and does nothing here`)
  const settings = type.settings(configuration, notes)
  const { message, body } = texts(type, configuration, notes)
  const channel = channelIn(messaging, configuration, { type, channelOf, notes })
  return { route: { channel, settings, ...(body === undefined ? {} : { body }) }, message }
}

interface Search {
  type: Type
  channelOf: ChannelLookup
  notes: Notes
}

/** The channel by name, or one of the reporter's own; null while there is none. */
function channelIn(messaging: JsonObject, configuration: JsonObject, { type, channelOf, notes }: Search): Json {
  const path = `${FIELD}.channelId`
  const id =
    textOf(configuration, 'channelId', notes, path) || textOf(messaging, 'channelId', notes, 'messaging.channelId')
  if (id === '') {
    const own = type.own?.(configuration, notes)
    if (own === undefined) notes.warnings.push(`${path}: no channel is named; the rule waits until its route names one`)
    return own ?? null
  }
  const found = channelOf(id)
  if (found === undefined) {
    notes.warnings.push(`${path}: there is no channel "${id}"; the rule waits until its route names one`)
    return null
  }
  if (type.kinds.includes(found.kind)) return found.name
  const message = `the channel "${found.name}" is of the kind ${found.kind}; this reporter needs ${type.kinds.join(' or ')}`
  notes.issues.push({ path, message })
  return null
}

function mailSettings(configuration: JsonObject, notes: Notes): JsonObject {
  const text = (key: string) => textOf(configuration, key, notes, `${FIELD}.${key}`)
  const to = readRecipients(text('recipient'), `${FIELD}.recipient`, notes)
  const cc = readRecipients(text('ccRecipient'), `${FIELD}.ccRecipient`, notes)
  const bcc = readRecipients(text('bccRecipient'), `${FIELD}.bccRecipient`, notes)
  const sender = settingText(text('sender').trim(), `${FIELD}.sender`, notes)
  const attachments = Array.isArray(configuration['attachments']) ? configuration['attachments'] : []
  const isLog = (one: Json) => isObject(one) && /LOG/.test(String(one['type']))
  for (const one of attachments.filter((item) => !isLog(item))) {
    const what = isObject(one) ? String(one['type']) : 'one'
    notes.warnings.push(`${FIELD}.attachments: ${what} is left out; a run brings no such data along`)
  }
  return {
    ...(to === undefined ? {} : { to }),
    ...(cc === undefined ? {} : { cc }),
    ...(bcc === undefined ? {} : { bcc }),
    ...(sender === '' ? {} : { sender }),
    ...(attachments.some(isLog) ? { attachments: [{ type: 'log' }] } : {}),
  }
}

/** What a reporter writes: its subject as the title, its message as the body of the route. */
function texts(type: Type, configuration: JsonObject, notes: Notes): { message: JsonObject; body?: JsonObject } {
  const text = (key: string) => textOf(configuration, key, notes, `${FIELD}.${key}`)
  const title = text('subject')
  const message: JsonObject = title === '' ? {} : { engine: 'formula', title }
  if (configuration['messageSource'] === 'TEMPLATE_FILE') {
    const file = text('templateName')
    notes.warnings.push(`${FIELD}.templateName: ${file || 'the file'} is not at hand; the built-in message is sent`)
    return { message }
  }
  const key = type.body.find((one) => configuration[one] !== undefined)
  const written = key === undefined ? '' : text(key)
  if (key === undefined || written.trim() === '') return { message }
  const isHtml = configuration['sendAsHTML'] === true
  const path = `${FIELD}.${key}`
  if (configuration['templateFormat'] !== 'FREEMARKER')
    return { message, body: { engine: 'formula', text: asHtml(written, isHtml) } }
  const { liquid, refusals, warnings } = convertFreemarker(written)
  const told = (one: { line: number; column: number; message: string }) =>
    `${path}: line ${one.line}, column ${one.column}: ${one.message}`
  notes.warnings.push(...warnings.map(told), ...refusals.map((one) => `${told(one)} The built-in message is sent.`))
  const converted = liquid === null ? null : asHtml(liquid, isHtml)
  notes.templates.push({ field: path, original: written, liquid: converted })
  return converted === null ? { message } : { message, body: { engine: 'liquid', text: converted } }
}

/** A body is HTML when it begins with a tag. */
function asHtml(text: string, isHtml: boolean): string {
  return isHtml && !/^\s*</.test(text) ? `<div>${text}</div>` : text
}
