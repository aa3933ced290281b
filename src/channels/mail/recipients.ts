import { isObject, type Json, type JsonObject } from '../../model/json.ts'

/** Somebody who gets or sends mail. */
export interface Mailbox {
  name: string
  address: string
}

/** A mail of its own to one entry of `{"mails": […]}`. */
export interface IndividualMail {
  to: string | string[]
  variables: JsonObject
}

/** Recipients as settings name them: texts of addresses, a list of those, or mails of their own. */
export type Recipients = string | string[] | { mails: { to: string | string[]; variables?: JsonObject | undefined }[] }

/** Recipients that are still to be filled from a column of the query. */
export interface FromColumn {
  fromColumn: string
}

/**
 * The mailboxes of recipients without repetition: `a@b.example` or `Name <a@b.example>`, parted by semicolons, commas or
 * lines, in a text, a list of texts, or such a list as JSON text. Throws `RangeError` naming all that are none.
 */
export function parseMailboxes(value: Recipients | undefined): Mailbox[] {
  const items = textsOf(value).flatMap(splitList)
  const wrong = items.filter((item) => mailboxOf(item) === null)
  if (wrong.length > 0) throw new RangeError(wrongText(wrong))
  const found = items.flatMap((item) => mailboxOf(item) ?? [])
  if (found.some(({ name }) => /\p{Cc}/u.test(name)))
    throw new RangeError('names of recipients must not hold control characters or line breaks')
  const seen = new Set<string>()
  return found.filter(({ address }) => !seen.has(address) && seen.add(address) !== undefined)
}

/** The mailboxes of a setting; none while it is still to be filled from a column. */
export function boxesOf(value: Recipients | FromColumn | undefined): Mailbox[] {
  return typeof value === 'object' && 'fromColumn' in value ? [] : parseMailboxes(value)
}

/** The mails of their own that recipients ask for; none where all are told by one. Addresses are not looked at. */
export function individualMails(value: unknown): IndividualMail[] {
  const read = typeof value === 'string' ? fromJson(value) : value
  if (typeof read !== 'object' || read === null || !('mails' in read) || !Array.isArray(read.mails)) return []
  return read.mails.flatMap((entry: unknown) => {
    if (typeof entry !== 'object' || entry === null || !('to' in entry)) return []
    const { to } = entry
    const variables = 'variables' in entry ? entry.variables : null
    return [
      {
        to: Array.isArray(to) ? to.map(String) : String(to),
        variables: isObject(variables) ? variables : {},
      },
    ]
  })
}

function textsOf(value: Recipients | undefined): string[] {
  if (value === undefined) return []
  const read = typeof value === 'string' ? fromJson(value) : value
  if (typeof read === 'string') return [read]
  if (!Array.isArray(read)) return individualMails(read).flatMap(({ to }) => to)
  const other = read.find((item: unknown) => typeof item !== 'string')
  if (other !== undefined) throw new RangeError(`${JSON.stringify(other)} must be a mail address as text`)
  return read as string[]
}

/** A text that begins like JSON as JSON; any other, and what is none, as it stands. */
function fromJson(text: string): unknown {
  if (!/^\s*[[{]/.test(text)) return text
  try {
    return JSON.parse(text) as Json
  } catch {
    return text
  }
}

function wrongText(items: string[]): string {
  const shown = items.slice(0, 5).map((item) => `"${item.slice(0, 100)}"`)
  const more = items.length > shown.length ? ` and ${items.length - shown.length} more` : ''
  const verb = items.length === 1 ? 'is not a mail address' : 'are not mail addresses'
  return `${shown.join(', ')}${more} ${verb}; write a@example.com or Name <a@example.com>`
}

function mailboxOf(text: string): Mailbox | null {
  const named = /^(.*?)<([^<>]*)>$/s.exec(text)
  const address = (named?.[2] ?? text).trim()
  const name = (named?.[1] ?? '')
    .trim()
    .replace(/^"(.*)"$/s, '$1')
    .replace(/\\(["\\])/g, '$1')
  return ADDRESS.test(address) ? { name, address } : null
}

const ADDRESS = /^[^\s<>,;:"()[\]\\@\p{Cc}]{1,64}@[\p{L}\p{N}]([\p{L}\p{N}.-]{0,250}[\p{L}\p{N}])?$/u

/** Splits outside of quotes. */
function splitList(text: string): string[] {
  const parts: string[] = []
  let part = ''
  let quoted = false
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at] ?? ''
    if (char === '\\' && quoted) {
      part += char + (text[at + 1] ?? '')
      at += 1
      continue
    }
    if (char === '"') quoted = !quoted
    if (!quoted && (char === ',' || char === ';' || char === '\n')) {
      parts.push(part)
      part = ''
    } else part += char
  }
  parts.push(part)
  return parts.map((item) => item.trim()).filter((item) => item !== '')
}
