import type { JsonObject } from '../../model/json.ts'
import type { Message } from '../../model/message.ts'
import { fit, readingOrder } from '../content/fit.ts'
import { LIMITS, noted, type Part, parts } from './parts.ts'

/** A message as Slack shows it: `head` stands above, `rest` below it and beside the coloured bar. */
export interface SlackLayout {
  head: JsonObject[]
  rest: JsonObject[]
}

/**
 * Slack answers `msg_blocks_too_long` when all blocks together, as JSON, have more than about 13,200 characters. That is
 * not documented (https://github.com/slackapi/bolt-js/issues/2509), so some are kept in reserve.
 */
const MOST_JSON = 12_000
/** What a block takes besides its text. */
const BLOCK = 200

/** What a reader would miss most comes first and gets what room it needs; each with the most it may take. */
const worth: readonly [Part, number][] = [
  ['title', 1500],
  ['label', 500],
  ['why', 1500],
  ['summary', LIMITS.section],
  ['actions', 4000],
  ['facts', 4000],
  ['links', 1500],
  ['runs', MOST_JSON],
  ['table', LIMITS.section],
  ['paragraphs', LIMITS.section],
  ['code', LIMITS.section],
  ['image', LIMITS.url],
  ['files', 500],
]
const order: readonly Part[] = ['label', 'summary', 'runs', ...readingOrder.slice(1), 'actions', 'why']

/** Lays a message out in blocks, within Slack's limits. What finds no room is named at the end. */
export function slackLayout(message: Message): SlackLayout {
  const budget = { room: MOST_JSON, spare: BLOCK, worth }
  const { made, left } = fit(budget, (part, most) => parts[part](message, most), sizeOf)
  const note = left.length === 0 ? [] : noted(`Left out, since Slack takes no more: ${left.join(', ')}.`)
  return { head: made.title ?? [], rest: [...order.flatMap((part) => made[part] ?? []), ...note] }
}

function sizeOf(blocks: readonly JsonObject[]): number {
  return JSON.stringify(blocks).length
}
