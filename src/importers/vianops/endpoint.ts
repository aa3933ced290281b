import type { JsonObject } from '../../model/json.ts'
import type { QueryRuleDefinition, Route } from '../../model/rule.ts'
import { readMail, readTemplate, writeMail } from './template.ts'

/** The fields of a notification that say where it goes. */
export interface Endpoint {
  method: string
  url: string
  template: string
}

/** The parts of a rule that an endpoint becomes. */
export interface Target {
  route: Route
  message: QueryRuleDefinition['message']
  warnings: string[]
}

/** The settings of a stored channel, so that a route that names it can be shown as an endpoint. */
export type ChannelLookup = (name: string) => { kind: string; settings: JsonObject } | undefined

export const MAIL_ROUTE = 'mail'
/** Kinds of channels that a mail target can go to. */
export const mailKinds: readonly string[] = ['mail', 'microsoft-graph-mail']
const MAIL_TARGET = 'http://eaiservice:5000/v1/eaiservice/pubevent?channel=collab.email.send&queue=True'
const TEST_TARGET = 'http://webservices:5000/v1/alerts/test'
const PHASES: Route['when'] = ['firing', 'resolved', 'error', 'no-data']

/**
 * Turns an endpoint into a route: the platform's own mail and test targets and Slack's webhooks into channels of their
 * kinds, any other into a webhook.
 */
export function readEndpoint({ method, url, template }: Endpoint, mailChannel: string | null): Target {
  const { text, warnings } = readTemplate(template)
  const base = { settings: {}, when: [...PHASES], each: false }
  const plain = { engine: 'liquid' as const, title: '', summary: '', paragraphs: [], links: [] }
  const address = new URL(url)
  if (isTestTarget(address)) {
    const note = "restendpoint: is the platform's test target; messages go to standard output instead"
    const body = text.trim() === '' ? {} : { body: { engine: 'jinja' as const, text } }
    return {
      route: { ...base, channel: { kind: 'console', settings: {} }, ...body },
      message: plain,
      warnings: [...warnings, note],
    }
  }
  if (isMailTarget(address)) {
    const mail = readMail(text)
    if (mail !== undefined) return mailTarget(mail, mailChannel, warnings)
    warnings.push('restbodytemplate: names no addresses that could be read, so the mail target stays a plain webhook')
  }
  const isSlack = isSlackHook(address)
  if (isSlack && method !== 'POST')
    warnings.push(`restrequestmethod: is ${method}, but Slack takes POST alone; that is used`)
  const settings = isSlack ? { mode: 'webhook', webhookUrl: url } : { url, method }
  const body = text.trim() === '' ? {} : { body: { engine: 'jinja' as const, text } }
  return {
    route: { ...base, channel: { kind: isSlack ? 'slack' : 'webhook', settings }, ...body },
    message: plain,
    warnings,
  }
}

/** Shows where a rule goes as an endpoint, as far as it fits: its first webhook, Slack, mail or console route. */
export function writeEndpoint(definition: QueryRuleDefinition, channelOf: ChannelLookup): Endpoint {
  const shown = definition.routes.map((route) => shownAs(route, definition, channelOf))
  return shown.find((endpoint) => endpoint !== undefined) ?? { method: 'POST', url: '', template: '' }
}

/** The place of the route an endpoint stands for; -1 when no route can be shown as one. */
export function endpointRoute(definition: QueryRuleDefinition, channelOf: ChannelLookup): number {
  return definition.routes.findIndex((route) => shownAs(route, definition, channelOf) !== undefined)
}

function mailTarget(
  mail: NonNullable<ReturnType<typeof readMail>>,
  channel: string | null,
  warnings: string[],
): Target {
  const more = [...warnings]
  if (!mail.exact)
    more.push('restbodytemplate: is no valid JSON; addresses, subject and body were read from it all the same')
  if (channel === null) more.push('restendpoint: is the mail target; its route waits until it names a mail channel')
  return {
    route: {
      name: MAIL_ROUTE,
      channel,
      settings: { to: mail.addresses },
      when: [...PHASES],
      each: false,
      body: { engine: 'jinja', text: mail.body },
    },
    message: { engine: 'jinja', title: mail.subject, summary: '', paragraphs: [], links: [] },
    warnings: more,
  }
}

function isMailTarget(url: URL): boolean {
  return /\/pubevent\/?$/.test(url.pathname) && url.searchParams.get('channel') === 'collab.email.send'
}

/** Of an ordinary workspace, or of one of GovSlack. */
function isSlackHook({ protocol, hostname, pathname }: URL): boolean {
  return protocol === 'https:' && /^hooks\.slack(-gov)?\.com$/.test(hostname) && pathname.startsWith('/services/')
}

function isTestTarget(url: URL): boolean {
  return /\/v1\/alerts\/test\/?$/.test(url.pathname)
}

function shownAs(route: Route, definition: QueryRuleDefinition, channelOf: ChannelLookup): Endpoint | undefined {
  const channel = typeof route.channel === 'string' ? channelOf(route.channel) : route.channel
  const settings = { ...channel?.settings, ...route.settings }
  const template = route.body?.text ?? ''
  if (channel?.kind === 'console') return { method: 'POST', url: TEST_TARGET, template }
  if (channel?.kind === 'webhook') {
    // The address of a stored channel is a secret of its own.
    const { url = '', method = 'POST' } = settings
    return { method: String(method), url: String(url), template }
  }
  if (channel?.kind === 'slack') {
    const { mode = 'webhook', webhookUrl = '' } = settings
    return mode === 'webhook' ? { method: 'POST', url: String(webhookUrl), template } : undefined
  }
  if (!mailKinds.includes(channel?.kind ?? '') && route.name !== MAIL_ROUTE) return undefined
  const addresses = Array.isArray(settings['to']) ? settings['to'].map(String) : []
  return {
    method: 'POST',
    url: MAIL_TARGET,
    template: writeMail({ addresses, subject: definition.message.title, body: template }),
  }
}
