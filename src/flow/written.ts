import type { Share } from '../channels/channel.ts'
import type { Composed } from '../compose/compose.ts'
import { newId } from '../ids.ts'
import type { NewDelivery, Target } from '../model/delivery.ts'
import type { RouteDecision } from '../model/evaluation.ts'
import type { JsonObject } from '../model/json.ts'
import type { Rule } from '../model/rule.ts'
import { deadlineOf, type Way } from './routes.ts'
import { destinationOf, sharesOf } from './shares.ts'

/** A message that was written for one route, and what to remember of it. */
export interface Written {
  delivery: NewDelivery
  decision: RouteDecision
  told: { route: string; fingerprint: string; deliveryId: string; sequence: number }[]
}

/** A way out of a rule with the target it leads to, at a time (ms since 1970). */
export interface Outlet {
  way: Way
  target: Target
  at: number
}

/** How a message is composed, for all or with the variables of one recipient, and made into a delivery. */
interface Author {
  /** Whom it goes to; null or absent: whom the settings name. */
  shares?: Share[] | null
  compose: (recipient?: JsonObject) => Promise<Composed>
  write: (id: string, composed: Composed) => Written
}

/** All that the settings name. */
const WHOLE: Share = { recipient: '', settings: {}, variables: {} }

/** One message, or one for each recipient where the channel tells them apart. */
export async function writeShares({ way, target, at }: Outlet, author: Author): Promise<Written[]> {
  const { compose, write } = author
  const composed = await compose()
  const shares = author.shares ?? sharesOf(target.kind, { ...way.channelSettings, ...composed.settings })
  const first = newId('msg', at)
  const written: Written[] = []
  for (const { recipient, settings, variables } of shares.length === 0 ? [WHOLE] : shares) {
    const own = Object.keys(variables).length === 0 ? composed : await compose(variables)
    const id = written.length === 0 ? first : newId('msg', at)
    const one = write(id, { ...own, settings: { ...own.settings, ...settings } })
    if (recipient !== '') Object.assign(one.delivery, { recipient, partOf: first })
    if (id !== first) one.told = []
    written.push(one)
  }
  return written
}

/** What deliveries of a rule on one way have in common. */
export function deliveryBy({ id, project }: Rule, { way, target, at }: Outlet, settings: JsonObject) {
  return {
    project,
    ruleId: id,
    route: way.view.key,
    target: { ...target, settings, destination: destinationOf(target, { ...way.channelSettings, ...settings }) },
    createdAt: at,
    deadlineAt: deadlineOf(target.kind, at),
  }
}
