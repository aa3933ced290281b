import type { Channel, Share } from '../channels/channel.ts'
import { channels, isChannelKind } from '../channels/index.ts'
import { newId } from '../ids.ts'
import type { NewDelivery, Target } from '../model/delivery.ts'
import type { JsonObject } from '../model/json.ts'
import type { ValueForm } from '../model/message.ts'
import { fixedKeys } from '../model/settings.ts'

/** Characters of a place that tell it from others. */
const LONGEST_PLACE = 200

/**
 * What each recipient gets of a message with these settings; empty when it is one message to all, or when the settings
 * cannot be read: then the attempt fails and says why.
 */
export function sharesOf(kind: string, settings: JsonObject): Share[] {
  try {
    return channelOf(kind)?.split?.(settings) ?? []
  } catch {
    return []
  }
}

/** The key by which deliveries with these settings are paced: the target's destination, or a place within it. */
export function destinationOf({ kind, destination }: Target, settings: JsonObject): string {
  const place = (channelOf(kind)?.place?.(settings) ?? '')
    .replace(/[\p{Cc}\u2028\u2029]/gu, ' ')
    .slice(0, LONGEST_PLACE)
  return place === '' ? destination : `${destination}/${place}`
}

/** A delivery whose message is the same for all, as one for each recipient. `base` is what lies below its settings. */
export function sharedOut(delivery: NewDelivery, base: JsonObject): NewDelivery[] {
  const { id, target, createdAt } = delivery
  const led = (settings: JsonObject) => ({
    ...target,
    settings,
    destination: destinationOf(target, { ...base, ...settings }),
  })
  const shares = sharesOf(target.kind, { ...base, ...target.settings })
  if (shares.length === 0) return [{ ...delivery, target: led(target.settings) }]
  return shares.map(({ recipient, settings }, index) => ({
    ...delivery,
    id: index === 0 ? id : newId('msg', createdAt),
    recipient,
    partOf: id,
    target: led({ ...target.settings, ...settings }),
  }))
}

/** Settings of a kind of channel that are no templates. */
export function fixedSettingsOf(kind: string): readonly string[] {
  const channel = channelOf(kind)
  return channel === undefined ? [] : fixedKeys(channel.settings)
}

/** How values are written in the own body of a route to such a channel, with its settings and those of the route. */
export function valueFormOf(kind: string, settings: JsonObject, body: string): ValueForm | undefined {
  return channelOf(kind)?.valueForm?.(settings, body)
}

function channelOf(kind: string): Channel | undefined {
  return isChannelKind(kind) ? channels[kind] : undefined
}
