import type { Issue } from '../../errors.ts'
import type { Json, JsonObject } from '../../model/json.ts'

/** A mail channel written into a route, as MLRun's parameters ask for it. */
export interface MailReading {
  settings: JsonObject
  /** In MLRun's words; a notification with any is not usable. */
  issues: Issue[]
  /** What differs from MLRun, and why. */
  warnings: string[]
}

const booleans = ['use_tls', 'start_tls', 'validate_certs'] as const
/** The parameters that are known. */
export const mailParameters: readonly string[] = [
  ...booleans,
  'server_host',
  'server_port',
  'sender_address',
  'username',
  'password',
  'email_addresses',
  'default_email_addresses',
  'message_body_override',
  // Set anew at every push, whatever they hold.
  'subject',
  'body',
]
const ADDRESS = /^[a-zA-Z0-9_.+-]+@[a-zA-Z0-9-]+\.[a-zA-Z0-9-.]+$/

/**
 * Reads the parameters of a notification of kind `mail` as MLRun 1.8 and later do: parameters over `defaults`, the addresses
 * of the defaults after those given. What they leave out is given by the instance's own mail settings when it is sent.
 * Implicit TLS at port 587, MLRun's default, becomes STARTTLS.
 */
export function readMailParams(given: JsonObject, defaults: JsonObject = {}): MailReading {
  const params = { ...defaults, ...given }
  const addresses = addressesOf(given['email_addresses'] ?? defaults['email_addresses'])
  const more = addressesOf(defaults['default_email_addresses'])
  const to = [...addresses.found, ...more.found]
  const reading: MailReading = {
    settings: {},
    issues: [...issuesOf(params), ...addresses.issues, ...more.issues],
    warnings: [],
  }
  const { settings, issues, warnings } = reading
  const sender = textOf(params['sender_address'])
  if (sender !== null && !ADDRESS.test(sender))
    issues.push({ path: 'sender_address', message: `Invalid email address '${sender}'` })
  if (to.length === 0 && issues.length === 0 && given['email_addresses'] === undefined)
    warnings.push('email_addresses: are missing, so those of the instance (smtp.to) are used')
  const put = (key: string, value: Json | null) => {
    if (value !== null) settings[key] = value
  }
  put('sender', sender)
  put('to', to.length === 0 ? null : [...new Set(to)])
  put('messageBodyOverride', textOf(params['message_body_override']))
  putServer(params, settings, warnings)
  return reading
}

function putServer(params: JsonObject, settings: JsonObject, warnings: string[]) {
  const host = textOf(params['server_host'])
  if (host === null) {
    const lost = ['server_port', 'username', 'password', ...booleans].filter((key) => params[key] !== undefined)
    if (lost.length > 0)
      warnings.push(`${lost.join(', ')}: without server_host the server of the instance (smtp.host) is used as it is`)
    return
  }
  const port = params['server_port'] === undefined ? 587 : Number(params['server_port'])
  const starts = params['start_tls'] === true
  const tls = starts ? 'starttls' : params['use_tls'] === false ? 'none' : port === 587 ? 'starttls' : 'implicit'
  if (!starts && params['use_tls'] !== false && port === 587)
    warnings.push('use_tls: port 587 speaks STARTTLS, so that is used; MLRun would fail there')
  if (starts && port === 465) warnings.push('start_tls: port 465 speaks TLS from the first byte, so that is used')
  Object.assign(settings, { host, port, tls: starts && port === 465 ? 'implicit' : tls })
  settings['verify'] = params['validate_certs'] !== false
  const [user, password] = [textOf(params['username']), textOf(params['password'])]
  if (user !== null && password !== null) Object.assign(settings, { user, password })
  else if (user !== null) warnings.push('username: comes without a password, so nobody logs in')
}

function issuesOf(params: JsonObject): Issue[] {
  const wrong = booleans.filter((key) => params[key] !== undefined && typeof params[key] !== 'boolean')
  const lonely = textOf(params['password']) !== null && textOf(params['username']) === null
  const port = params['server_port']
  const issue = (path: string, rest: string): Issue => ({ path, message: `Parameter '${path}' ${rest}` })
  return [
    ...wrong.map((key) => issue(key, 'must be a boolean for MailNotification')),
    ...(lonely ? [issue('username', "is required when 'password' is provided for MailNotification")] : []),
    ...(port === undefined || Number.isInteger(Number(port)) ? [] : [issue('server_port', 'must be a port number')]),
  ]
}

/** Addresses of a text parted by commas, or of a list; blanks around them are taken off. */
function addressesOf(value: Json | undefined): { found: string[]; issues: Issue[] } {
  const issue = (message: string): Issue => ({ path: 'email_addresses', message })
  if (value === undefined || value === null) return { found: [], issues: [] }
  if (typeof value !== 'string' && !Array.isArray(value))
    return { found: [], issues: [issue("Parameter 'email_addresses' must be a string or a list of strings")] }
  const items = typeof value === 'string' ? value.split(',') : value
  const texts = items.flatMap((item) => (typeof item === 'string' ? [item.trim()] : [])).filter((item) => item !== '')
  const others = items.filter((item) => typeof item !== 'string')
  return {
    found: texts.filter((text) => ADDRESS.test(text)),
    issues: [
      ...others.map((item) => issue(`Email address '${JSON.stringify(item)}' must be a string`)),
      ...texts.filter((text) => !ADDRESS.test(text)).map((text) => issue(`Invalid email address '${text}'`)),
    ],
  }
}

/** A text that is not empty; MLRun takes an empty one for none. */
function textOf(value: Json | undefined): string | null {
  return typeof value === 'string' && value.trim() !== '' ? value : null
}
