import { isObject, type JsonObject } from '../../model/json.ts'
import { type Notes, textOf } from './notes.ts'

/** What a channel of Dataiku's becomes. */
export interface ChannelReading extends Notes {
  /** Its id, which reporters name it by. */
  id: string
  /** null when something is wrong with it. */
  channel: { name: string; kind: string; settings: JsonObject } | null
}

interface Type {
  kind: string
  /** Keys of its configuration that are read. */
  keys: readonly string[]
  settings(configuration: JsonObject, notes: Notes): JsonObject
}

const MAIL = ['sender', 'authorizedDomain', 'useCurrentUserAsSender'] as const
const FIELD = 'configuration'
/** Before a value that Dataiku sealed. */
const SEALED = /^e:(AES|\w+):/

const types: Record<string, Type> = {
  smtp: {
    kind: 'mail',
    keys: [...MAIL, 'host', 'port', 'useSSL', 'useTLS', 'login', 'password', 'sessionProperties'],
    settings(configuration, notes) {
      const { port, useSSL, useTLS, sessionProperties } = configuration
      if (Array.isArray(sessionProperties) && sessionProperties.length > 0)
        notes.warnings.push(`${FIELD}.sessionProperties: are of Java's mail library and mean nothing here`)
      return {
        ...mailOf(configuration, notes),
        ...renamed(configuration, { host: 'host', login: 'user', password: 'password' }, notes),
        ...(typeof port === 'number' && port > 0 ? { port } : {}),
        tls: useSSL === true ? 'implicit' : useTLS === true ? 'starttls' : 'none',
      }
    },
  },
  'microsoft-graph-mail': {
    kind: 'microsoft-graph-mail',
    keys: [...MAIL, 'clientId', 'tenantId', 'clientSecret'],
    settings: (configuration, notes) => ({
      ...mailOf(configuration, notes),
      ...same(configuration, ['clientId', 'tenantId', 'clientSecret'], notes),
    }),
  },
  slack: {
    kind: 'slack',
    keys: ['useProxy', 'mode', 'webhookUrl', 'authorizationToken', 'channel'],
    settings(configuration, notes) {
      const isBot = textOf(configuration, 'mode', notes, `${FIELD}.mode`) === 'API'
      return {
        mode: isBot ? 'bot' : 'webhook',
        ...renamed(configuration, isBot ? { authorizationToken: 'token' } : { webhookUrl: 'webhookUrl' }, notes),
        ...same(configuration, ['channel'], notes),
        ...proxyOf(configuration),
      }
    },
  },
  'msft-teams': {
    kind: 'teams',
    keys: ['useProxy', 'webhookUrl', 'webhookType'],
    settings(configuration, notes) {
      if (configuration['webhookType'] === 'OFFICE365')
        notes.warnings.push(`${FIELD}.webhookType: Microsoft ended connectors; make a workflow and give its address`)
      return { ...same(configuration, ['webhookUrl'], notes), ...proxyOf(configuration) }
    },
  },
  'google-chat': {
    kind: 'webhook',
    keys: ['useProxy', 'webhookUrl', 'webhookKey', 'webhookToken'],
    settings: (configuration, notes) => ({
      preset: 'google-chat',
      ...googleAddress(configuration, notes),
      ...proxyOf(configuration),
    }),
  },
  twilio: {
    kind: 'twilio',
    keys: ['useProxy', 'accountSid', 'authToken', 'fromNumber'],
    settings: (configuration, notes) => ({
      ...same(configuration, ['accountSid', 'authToken', 'fromNumber'], notes),
      ...proxyOf(configuration),
    }),
  },
  shell: { kind: 'shell', keys: ['type', 'command', 'script'], settings: shellOf },
}

/** Reads a messaging channel of Dataiku's. Never throws. Its keys stand in `DSSMessagingChannel` of Dataiku's client. */
export function readDataikuChannel(value: unknown): ChannelReading {
  const notes: Notes = { warnings: [], fixes: [], templates: [], issues: [] }
  if (!isObject(value)) {
    notes.issues.push({ path: '', message: 'must be a channel with id, type and configuration' })
    return { id: '', channel: null, ...notes }
  }
  const id = textOf(value, 'id', notes).trim()
  if (id === '') notes.issues.push({ path: 'id', message: 'is missing; reporters name the channel by it' })
  const name = textOf(value, 'type', notes)
  const type = Object.hasOwn(types, name) ? types[name] : undefined
  if (type === undefined) {
    const message =
      name === 'aws-ses-mail'
        ? 'is refused: make SMTP credentials in Amazon SES, and a channel of the type smtp with them'
        : `"${name}" cannot be taken over; it must be one of ${Object.keys(types).join(', ')}`
    notes.issues.push({ path: 'type', message })
    return { id, channel: null, ...notes }
  }
  const configuration = isObject(value['configuration']) ? value['configuration'] : {}
  for (const [key, item] of Object.entries(configuration)) {
    if (!type.keys.includes(key)) notes.warnings.push(`${FIELD}.${key}: is not known and left out`)
    if (typeof item === 'string' && SEALED.test(item))
      notes.issues.push({ path: `${FIELD}.${key}`, message: 'is sealed by Dataiku; give it as it is' })
  }
  if (Array.isArray(value['permissions']))
    notes.warnings.push('permissions: are not taken over; whoever may edit rules of the project may use its channels')
  const settings = type.settings(configuration, notes)
  return { id, channel: notes.issues.length > 0 ? null : { name: id, kind: type.kind, settings }, ...notes }
}

function mailOf(configuration: JsonObject, notes: Notes): JsonObject {
  if (configuration['useCurrentUserAsSender'] === true)
    notes.warnings.push(`${FIELD}.useCurrentUserAsSender: runs have no user here; the sender is always the same`)
  return same(configuration, ['sender', 'authorizedDomain'], notes)
}

function same(configuration: JsonObject, keys: readonly string[], notes: Notes): JsonObject {
  return renamed(configuration, Object.fromEntries(keys.map((key) => [key, key])), notes)
}

/** Settings by our names, of the texts that are there. */
function renamed(configuration: JsonObject, names: Record<string, string>, notes: Notes): JsonObject {
  return Object.fromEntries(
    Object.entries(names).flatMap(([from, to]) => {
      const text = textOf(configuration, from, notes, `${FIELD}.${from}`)
      return text.trim() === '' ? [] : [[to, text]]
    }),
  )
}

function proxyOf({ useProxy }: JsonObject): JsonObject {
  return typeof useProxy === 'boolean' ? { useProxy } : {}
}

/** The address with key and token, which Dataiku may keep apart from it. */
function googleAddress(configuration: JsonObject, notes: Notes): JsonObject {
  const address = textOf(configuration, 'webhookUrl', notes, `${FIELD}.webhookUrl`).trim()
  if (!URL.canParse(address)) {
    notes.issues.push({ path: `${FIELD}.webhookUrl`, message: 'must be the address of a webhook of Google Chat' })
    return {}
  }
  const url = new URL(address)
  for (const [key, parameter] of [
    ['webhookKey', 'key'],
    ['webhookToken', 'token'],
  ] as const) {
    const part = textOf(configuration, key, notes, `${FIELD}.${key}`).trim()
    if (part !== '' && !url.searchParams.has(parameter)) url.searchParams.set(parameter, part)
  }
  return { url: url.href }
}

function shellOf(configuration: JsonObject, notes: Notes): JsonObject {
  const command = textOf(configuration, 'command', notes, `${FIELD}.command`)
  const script = textOf(configuration, 'script', notes, `${FIELD}.script`)
  const isFile = configuration['type'] === 'FILE'
  const [shell, text] = isFile ? [command.trim() || '/bin/sh', script] : ['/bin/sh', command || script]
  notes.warnings.push(`type: the script is run by ${shell}, which the operator must allow; its variables are TOCSIN_…`)
  return { command: [shell, '-c', text] }
}
