import { isTame } from '../../language/tame.ts'
import type { JsonObject } from '../../model/json.ts'
import type { Fact, Message } from '../../model/message.ts'
import { cleanLine, safeUrl } from '../content/clean.ts'
import { labelOf, titleOf } from '../content/head.ts'
import { moreOf } from '../content/plain.ts'
import { fittingTable, logTail } from './fixed-width.ts'
import { escapeSlack, plainMrkdwn, slackLink, slackMarkdown } from './mrkdwn.ts'
import { runSections } from './runs.ts'

/** Documented limits, in characters and pieces: https://docs.slack.dev/reference/block-kit/blocks */
export const LIMITS = { header: 150, section: 3000, field: 2000, fields: 10, button: 75, buttons: 25, url: 3000 }

/** The parts of a message, each as blocks that take about so many characters at most; none for a part it has not. */
export const parts = {
  title(message, most) {
    const title = titleOf(message)
    const isWhole = escapeSlack(title).length <= LIMITS.header
    const header = { type: 'header', text: plain(title, LIMITS.header) }
    return isWhole ? [header] : [header, section(plain(title, most - LIMITS.header))]
  },
  label: (message, most) => [{ type: 'context', elements: [plain(labelOf(message), most)] }],
  summary: ({ summary }, most) => (summary.trim() === '' ? [] : [section(plain(summary, most))]),
  paragraphs({ paragraphs }, most) {
    const text = slackMarkdown(paragraphs.filter((each) => each.trim() !== '').join('\n\n'), most)
    return text === '' ? [] : [section(mrkdwn(text))]
  },
  facts({ facts }, most) {
    const shown = facts.slice(0, 2 * LIMITS.fields)
    const longest = Math.min(LIMITS.field, Math.max(100, Math.floor(most / shown.length) - 100))
    const fields = shown.map((fact) => field(fact, longest))
    const blocks: JsonObject[] = [fields.slice(0, LIMITS.fields), fields.slice(LIMITS.fields)]
      .filter((some) => some.length > 0)
      .map((some) => ({ type: 'section', fields: some }))
    const more = facts.length - shown.length
    return more === 0 ? blocks : [...blocks, ...noted(moreOf(more, 'fact'))]
  },
  runs: (message, most) => (listsRuns(message) ? runSections(message.runs ?? [], most) : []),
  table: (message, most) =>
    message.table === undefined || message.table.columns.length === 0 || listsRuns(message)
      ? []
      : [section(mrkdwn(fittingTable(message.table, most)))],
  code: ({ code = '' }, most) => (code.trim() === '' ? [] : [section(mrkdwn(logTail(code.trimEnd(), most)))]),
  image({ image = '', title }) {
    const address = buttonUrl(image)
    if (address === null || !/^https?:/.test(address)) return []
    return [{ type: 'image', image_url: address, alt_text: escapeSlack(cleanLine(title), 500) || 'image' }]
  },
  links({ links, actions }, most) {
    const lines = [...actions.filter(({ url }) => buttonUrl(url) === null), ...links]
    const text = linesUpTo(
      lines.map((link) => slackLink(link.text, link.url)),
      most,
    )
    return text === '' ? [] : [section(mrkdwn(text))]
  },
  actions({ actions }) {
    const buttons = actions.flatMap(({ text, url }, index) => {
      const address = buttonUrl(url)
      const shown = plain(cleanLine(text).trim() || 'Open', LIMITS.button)
      return address === null ? [] : [{ type: 'button', text: shown, url: address, action_id: `open-${index}` }]
    })
    return buttons.length === 0 ? [] : [{ type: 'actions', elements: buttons.slice(0, LIMITS.buttons) }]
  },
  files({ attachments }, most) {
    const names = attachments.map(({ name }) => cleanLine(name)).join(', ')
    return names === '' ? [] : noted(plainMrkdwn(`Files that Slack does not get: ${names}`, most))
  },
  why({ why, traceUrl }, most) {
    const trace = traceUrl === undefined ? '' : slackLink('Why was this sent?', traceUrl)
    const text = [plainMrkdwn(cleanLine(why).trim(), Math.floor(most / 2)), trace].filter((each) => each !== '')
    return text.length === 0 ? [] : [{ type: 'context', elements: text.map(mrkdwn) }]
  },
} satisfies Record<string, (message: Message, most: number) => JsonObject[]>

export type Part = keyof typeof parts

/** A remark in small letters, in Slack's own mark-up. */
export function noted(text: string): JsonObject[] {
  return [{ type: 'context', elements: [mrkdwn(text)] }]
}

/** Whether its table is a list of runs, which Slack shows in a better form. */
function listsRuns({ table, runs = [] }: Message): boolean {
  return table?.of === 'runs' && runs.length > 0
}

function section(text: JsonObject): JsonObject {
  return { type: 'section', text }
}

/** Verbatim: addresses, channels and names in it stay text. */
function mrkdwn(text: string): JsonObject {
  return { type: 'mrkdwn', text, verbatim: true }
}

function plain(text: string, most: number): JsonObject {
  return { type: 'plain_text', text: escapeSlack(text, most), emoji: true }
}

/** Name over value, the name in bold unless one of them holds what Slack would take for mark-up. */
function field({ name, value }: Fact, most: number): JsonObject {
  const label = escapeSlack(cleanLine(name).trim(), Math.floor(most / 3))
  const text = escapeSlack(value, most - label.length - 3)
  if (label !== '' && isTame(name) && isTame(value)) return mrkdwn(`*${label}*\n${text}`)
  return { type: 'plain_text', text: `${label}\n${text}`.trim() || '–', emoji: true }
}

function buttonUrl(url: string): string | null {
  const address = safeUrl(url)
  return address === null || address.length > LIMITS.url ? null : address
}

function linesUpTo(lines: string[], most: number): string {
  let text = ''
  for (const [index, line] of lines.entries()) {
    const rest = moreOf(lines.length - index, 'link')
    if (text.length + line.length + rest.length + 1 > most) return text + rest
    text += `${line}\n`
  }
  return text.trimEnd()
}
