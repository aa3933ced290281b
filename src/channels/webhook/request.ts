import type { HttpResponse } from '../../net.ts'
import { DeliveryError } from '../failure.ts'
import { statusFailure } from '../http.ts'
import type { Preset } from './presets/preset.ts'
import { presets } from './presets.ts'
import type { WebhookSettings } from './settings.ts'

const byName = new Map<string, Preset>(Object.entries(presets))

/** The preset of that name; undefined for Tocsin's own event. */
export function presetOf(name = ''): Preset | undefined {
  return name === '' ? undefined : byName.get(name)
}

/** The address that is called, and the topic that the given one names. */
export function addressOf(settings: Pick<WebhookSettings, 'url' | 'preset'>): { url: string; topic: string } {
  const rule = presetOf(settings.preset)?.address
  // In a preview the address is not there: it is a secret.
  if (rule === undefined || !URL.canParse(settings.url)) return { url: settings.url, topic: '' }
  const url = new URL(settings.url)
  const [, before = '', topic = ''] = (rule.topic && /^(.*\/)([^/]+)\/*$/.exec(url.pathname)) || []
  if (rule.topic) url.pathname = before
  if (rule.path !== undefined && url.pathname === '/') url.pathname = rule.path
  for (const [name, value] of Object.entries(rule.query ?? {}))
    if (!url.searchParams.has(name)) url.searchParams.set(name, value)
  return { url: url.href, topic: decodeURIComponent(topic) }
}

/** The failure an answer means; null for 2xx. */
export function webhookFailure(response: HttpResponse, preset: Preset | undefined, now: number): DeliveryError | null {
  const failure = statusFailure(response, { idempotent: true, now })
  if (failure === null) return null
  const retryAfter = failure.retryAfter ?? (response.status === 429 ? waitIn(response.body) : undefined)
  const isGone = response.status === 404 && (preset?.gone?.test(response.body) ?? false)
  if (retryAfter === failure.retryAfter && !isGone) return failure
  const { outcome, reason, message, disableChannel } = failure
  return new DeliveryError(
    outcome,
    reason,
    isGone ? `${preset?.label} does not know this address any more (404).` : message,
    {
      disableChannel: disableChannel || isGone,
      response: failure.response,
      ...(retryAfter === undefined ? {} : { retryAfter }),
    },
  )
}

/** ms to wait by the body, as chats tell it: seconds, with a fraction. */
function waitIn(body: string): number | undefined {
  const seconds = Number(/"retry_after"\s*:\s*(\d{1,7}(?:\.\d{1,9})?)/.exec(body)?.[1] ?? Number.NaN)
  return Number.isFinite(seconds) ? Math.ceil(seconds * 1000) : undefined
}
