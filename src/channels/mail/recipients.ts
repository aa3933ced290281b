/** Somebody who gets or sends mail. */
export interface Mailbox {
  name: string
  address: string
}

/**
 * The mailboxes of a text, parted by semicolons, commas or lines, or of a list of such texts: `a@b.example` or
 * `Name <a@b.example>`. Throws `RangeError` with the reason when one is none.
 */
export function parseMailboxes(value: string | readonly string[] | undefined): Mailbox[] {
  const texts = value === undefined ? [] : typeof value === 'string' ? [value] : value
  const found = texts.flatMap((text) => splitList(text).map(parseMailbox))
  const seen = new Set<string>()
  return found.filter(({ address }) => !seen.has(address) && seen.add(address) !== undefined)
}

function parseMailbox(text: string): Mailbox {
  const named = /^(.*?)<([^<>]*)>$/s.exec(text)
  const address = (named?.[2] ?? text).trim()
  const name = (named?.[1] ?? '')
    .trim()
    .replace(/^"(.*)"$/s, '$1')
    .replace(/\\(["\\])/g, '$1')
  if (!ADDRESS.test(address)) {
    throw new RangeError(`"${text.slice(0, 100)}" is not a mail address; write a@example.com or Name <a@example.com>`)
  }
  if (/\p{Cc}/u.test(name)) throw new RangeError('names of recipients must not hold control characters or line breaks')
  return { name, address }
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
