import type { Json, JsonObject } from '../../model/json.ts'
import type { Message, RenderedBody } from '../../model/message.ts'
import { cleanLine, cut, safeUrl } from '../content/clean.ts'
import { colourOf, isGood } from '../content/colour.ts'
import { titleOf } from '../content/head.ts'
import { plainText } from '../content/plain.ts'
import { slackLayout } from './layout.ts'
import { escapeSlack, plainMrkdwn } from './mrkdwn.ts'
import type { SlackSettings } from './settings.ts'

/** A message but for where it goes. */
export interface SlackPayload {
  content: JsonObject
  /** The same without blocks, for a Slack that does not accept them. */
  text: JsonObject
  /** Whether it tells the end of an alert. */
  ends: boolean
}

/** What Slack recommends at most for texts: https://docs.slack.dev/reference/methods/chat.postMessage#truncating */
const MOST_TEXT = 4000
/** Of the line that notifications show. */
const MOST_NOTICE = 300

/** A message for Slack; the route's own body goes as it is. */
export function slackPayload(message: Message, settings: SlackSettings): SlackPayload {
  const { body } = message
  const looks = { ...identity(settings), unfurl_links: false, unfurl_media: false }
  const text = { ...looks, text: plainMrkdwn(`${titleOf(message)}\n\n${plainText(message)}`.trimEnd(), MOST_TEXT) }
  const content = body === undefined ? inBlocks(message, settings) : ownContent(message, body)
  return { content: { ...looks, ...content }, text, ends: isGood(message) }
}

function inBlocks(message: Message, { colour = '' }: SlackSettings): JsonObject {
  const { head, rest } = slackLayout(message)
  const text = noticeOf(message)
  if (colour.trim().toLowerCase() === 'none') return { text, blocks: [...head, ...rest] }
  return { text, blocks: head, attachments: [{ color: barColour(colour, message), blocks: rest }] }
}

function barColour(colour: string, message: Message): string {
  const wanted = colour.trim().toLowerCase()
  return /^(good|warning|danger|#[0-9a-f]{6})$/.test(wanted) ? wanted : colourOf(message)
}

/** What notifications and screen readers say of blocks. */
function noticeOf(message: Message): string {
  const notice = [titleOf(message), cleanLine(message.summary)].filter((part) => part.trim() !== '').join(': ')
  return escapeSlack(notice, MOST_NOTICE)
}

/** JSON is a list of blocks or a whole message; any other text is Slack's own mark-up. */
function ownContent(message: Message, { text, contentType }: RenderedBody): JsonObject {
  if (contentType !== 'application/json') return { text }
  const value: Json = JSON.parse(text)
  if (Array.isArray(value)) return { text: noticeOf(message), blocks: value }
  if (typeof value !== 'object' || value === null) return { text }
  return value['blocks'] !== undefined && value['text'] === undefined ? { text: noticeOf(message), ...value } : value
}

function identity({ username = '', icon = '' }: SlackSettings): JsonObject {
  const name = cut(cleanLine(username).trim(), 80)
  const picture = icon.trim()
  const address = safeUrl(picture)
  return {
    ...(name === '' ? {} : { username: name }),
    ...(/^:[^:\s]+:$/.test(picture) ? { icon_emoji: picture } : {}),
    ...(address === null ? {} : { icon_url: address }),
  }
}
