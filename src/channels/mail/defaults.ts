import type { JsonObject } from '../../model/json.ts'
import { type Mailbox, parseMailboxes } from './recipients.ts'
import type { MailSettings } from './settings.ts'
import type { ServerSettings } from './transport.ts'

/** A mail's server, sender and recipients, once the instance's defaults are laid under its settings. */
export interface Completed {
  server: ServerSettings
  from: Mailbox
  /** Recipients when the mail names none. */
  to: Mailbox[]
}

/** What is missing: the setting, and what to do about it. */
export interface Missing {
  path: string
  message: string
}

export const ports = { starttls: 587, implicit: 465, none: 25 } as const

/** What settings lack that the instance's defaults do not give either. */
export function missingOf({ host, sender }: MailSettings, { host: server, sender: from }: JsonObject): Missing[] {
  const remedy = (what: string, name: string) =>
    `is missing: give ${what} here, or for the whole instance in the configuration (smtp.${name})`
  return [
    ...((host ?? server) === undefined ? [{ path: 'host', message: remedy('the mail server', 'host') }] : []),
    ...((sender ?? from) === undefined ? [{ path: 'sender', message: remedy('an address', 'sender') }] : []),
  ]
}

/**
 * The settings with the instance's under them. Its server is taken as a whole, and its log-in goes to that server alone:
 * a channel that names another one, or another way to it, gets no password it does not bring. Null when something is
 * missing.
 */
export function completed(settings: MailSettings, defaults: JsonObject): Completed | null {
  const instance = defaults as Partial<MailSettings>
  const { host = instance.host, sender = instance.sender } = settings
  const from = parseMailboxes(sender)[0]
  if (host === undefined || from === undefined) return null
  const own = settings.host === undefined ? { ...instance, ca: undefined } : settings
  const { tls = 'starttls', verify = true } = own
  const server = { host, port: own.port ?? ports[tls], tls, verify, ca: own.ca, user: own.user, password: own.password }
  return { server: withLogin(server, instance), from, to: parseMailboxes(instance.to as string[] | undefined) }
}

function withLogin(
  server: ServerSettings,
  { host, port, tls = 'starttls', verify, user, password }: Partial<MailSettings>,
) {
  const there = { host, port: port ?? ports[tls], tls, verify, ca: undefined, user: undefined }
  const isSame = Object.entries(there).every(([key, value]) => server[key as keyof typeof there] === value)
  return isSame ? { ...server, user, password } : server
}
