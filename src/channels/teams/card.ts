import type { Json, JsonObject } from '../../model/json.ts'
import type { Message, RenderedBody } from '../../model/message.ts'
import { cleanLines } from '../content/clean.ts'
import { fit, readingOrder } from '../content/fit.ts'
import { titleOf } from '../content/head.ts'
import { plainText } from '../content/plain.ts'
import { upTo } from './lines.ts'
import { type Part, parts } from './parts.ts'
import { cutBytes, jsonBytes, linesOf, linkLine, textLine } from './text.ts'

/** What Teams takes, by its documentation, in bytes. It counts a message after it was made larger on the way. */
const MOST_TAKEN = 28 * 1024
/** Known to pass: 24 kB grew to more than 28 (https://github.com/MicrosoftDocs/msteams-docs/issues/11274). */
export const MOST_SENT = 20_000
/** What the card takes besides its body. */
const FRAME = 1500

/** What a reader would miss most comes first; each with the most bytes it may take. */
const worth: readonly [Part, number][] = [
  ['head', 3000],
  ['why', 2000],
  ['summary', 3000],
  ['actions', 4000],
  ['facts', 4500],
  ['links', 2500],
  ['table', 8000],
  ['paragraphs', 4000],
  ['code', 5000],
  ['image', 3000],
  ['files', 600],
]
const order: readonly Part[] = ['head', ...readingOrder, 'why']

/** A message as the flow of Teams takes it; the route's own body goes as it is, unless Teams could not take it. */
export function teamsPayload(message: Message, format: 'card' | 'text'): JsonObject {
  if (message.body === undefined) return wrapped(message, format === 'card' ? card(message) : textCard(message))
  const own = ownPayload(message, message.body)
  const size = jsonBytes(own)
  if (size <= MOST_TAKEN) return own
  const note = `The body of the route is left out: it has ${size} bytes, and Teams takes ${MOST_TAKEN}.`
  return wrapped(message, card({ ...message, facts: [...message.facts, { name: 'Note', value: note }] }))
}

function card(message: Message): JsonObject {
  const budget = { room: MOST_SENT - FRAME, spare: 300, worth }
  const { made, left } = fit(budget, (part, most) => parts[part](message, most), jsonBytes)
  const note = left.length === 0 ? [] : [textLine(`Left out, since Teams takes no more: ${left.join(', ')}.`)]
  const actions = made.actions ?? []
  const body = [...order.flatMap((part) => made[part] ?? []), ...note]
  return { ...frame(body), ...(actions.length === 0 ? {} : { actions }) }
}

/** Everything as text, without anything that is pressed or ruled; what leads somewhere stays a link. */
function textCard(message: Message): JsonObject {
  const { traceUrl, actions, links, ...rest } = message
  const text = cutBytes(plainText({ ...rest, actions: [], links: [] }), (MOST_SENT - FRAME) / 4)
  const lines = linesOf(text).map((line) => textLine(line, {}, { spacing: 'Small' }))
  const trace = traceUrl === undefined ? [] : [{ text: 'Why was this sent?', url: traceUrl }]
  const places = [...actions, ...links, ...trace].map((link) => linkLine(link.text, link.url))
  const title = textLine(cutBytes(titleOf(message), 1000), { weight: 'Bolder' })
  return frame([title, ...lines, ...upTo(places, MOST_SENT / 4, 'link')])
}

/** JSON is a whole message or a card; any other text is Markdown as cards have it. */
function ownPayload(message: Message, { text, contentType }: RenderedBody): JsonObject {
  const value: Json = contentType === 'application/json' ? JSON.parse(text) : null
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return value['type'] === 'AdaptiveCard' ? wrapped(message, value) : value
  const paragraphs = cleanLines(text)
    .split(/\n{2,}/)
    .filter((paragraph) => paragraph.trim() !== '')
  return wrapped(message, frame(paragraphs.map((paragraph) => ({ type: 'TextBlock', text: paragraph, wrap: true }))))
}

function frame(body: JsonObject[]): JsonObject {
  return {
    $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
    type: 'AdaptiveCard',
    version: '1.5',
    msteams: { width: 'Full' },
    body,
  }
}

function wrapped(message: Message, content: JsonObject): JsonObject {
  const attachment = { contentType: 'application/vnd.microsoft.card.adaptive', contentUrl: null, content }
  return { type: 'message', summary: cutBytes(titleOf(message), 300), attachments: [attachment] }
}
