import { tame } from '../../language/tame.ts'
import type { Message } from '../../model/message.ts'
import { cleanLine, cleanLines } from '../content/clean.ts'
import { largest } from '../content/fit.ts'
import { titleOf } from '../content/head.ts'
import { htmlText } from '../content/html-text.ts'
import { plainText } from '../content/plain.ts'
import { stepLines } from '../content/steps.ts'
import { inGsm, segmentsOf } from './segments.ts'

/** What Twilio takes at most, in UTF-16 units (its error 21617). */
export const LONGEST = 1600

/** The text of a short message of at most so many segments. What is missing is counted at its end, before the link. */
export function smsText(message: Message, segments: number): string {
  const { body, traceUrl, actions, links } = message
  const fits = (text: string) => text.length <= LONGEST && segmentsOf(text).count <= segments
  if (body !== undefined) return upTo(inGsm(ownText(message)), '', fits)
  const link = cleanLine(traceUrl ?? actions[0]?.url ?? links[0]?.url ?? '')
  return upTo(inGsm(gist(message)), link === '' ? '' : `\n${link}`, fits)
}

/** The text of a message for WhatsApp, which knows no segments. */
export function whatsAppText(message: Message): string {
  const text = message.body === undefined ? tame(`${titleOf(message)}\n\n${plainText(message)}`) : ownText(message)
  return upTo(text.trimEnd(), '', (whole) => whole.length <= LONGEST)
}

/** What the variables of a template are given: the title and the gist, on one line each, as WhatsApp wants it. */
export function templateVariables(message: Message): string {
  const line = (text: string) =>
    upTo(tame(cleanLine(text).replace(/ +/g, ' ').trim()), '', (some) => some.length <= 500)
  return JSON.stringify({ 1: line(titleOf(message)), 2: line(restOf(message)) || '-' })
}

function gist(message: Message): string {
  return [titleOf(message), restOf(message)].filter((part) => part !== '').join('\n')
}

function restOf(message: Message): string {
  const { summary, facts } = message
  const text = cleanLines(summary).trim()
  const told = text === '' ? facts.map(({ name, value }) => `${cleanLine(name)}: ${cleanLine(value)}`).join('\n') : text
  return [told, ...stepLines(message)].filter((line) => line !== '').join('\n')
}

function ownText({ body }: Message): string {
  if (body === undefined) return ''
  return cleanLines(body.contentType === 'text/html' ? htmlText(body.text) : body.text)
}

/** As much of a text as fits together with what must follow it; `end` is left out where there is no room for both. */
function upTo(text: string, end: string, fits: (text: string) => boolean): string {
  if (fits(text + end)) return text + end
  const cutAt = (kept: number) => {
    const shown = text.slice(0, kept).replace(/[\ud800-\udbff]$/, '')
    return `${shown.trimEnd()} (+${text.length - shown.length} more)${end}`
  }
  const kept = largest(text.length, (count) => fits(cutAt(count))) ?? 0
  return kept < LEAST && end !== '' ? upTo(text, '', fits) : cutAt(kept)
}

/** A link is no use without a few words before it. */
const LEAST = 30
