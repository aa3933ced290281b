import { domainToASCII } from 'node:url'
import type * as v from 'valibot'
import { boxesOf, type FromColumn, type Mailbox, type Recipients } from './recipients.ts'

interface RecipientSettings {
  to?: Recipients | FromColumn | undefined
  cc?: Recipients | undefined
  bcc?: Recipients | undefined
  authorizedDomain?: string | undefined
}

/** Adds an issue for each setting that names somebody outside the allowed domains. */
export function refuseOutsiders(
  settings: RecipientSettings,
  addIssue: (issue: { message: string; path: [v.ObjectPathItem] }) => void,
): void {
  const { authorizedDomain, to, cc, bcc } = settings
  const allowed = domainsOf(authorizedDomain ?? '')
  if (allowed.length === 0) return
  for (const [key, value] of Object.entries({ to, cc, bcc })) {
    const outside = readable(value).filter((box) => !isAllowed(box, allowed))
    if (outside.length === 0) continue
    const names = outside.slice(0, 5).map(({ address }) => address)
    const more = outside.length > names.length ? ` and ${outside.length - names.length} more` : ''
    const message = `${names.join(', ')}${more}: only mail to ${allowed.join(', ')} is allowed here`
    addIssue({ message, path: [{ type: 'object', origin: 'value', input: { ...settings }, key, value }] })
  }
}

/** What is no address, or a template of one, is told of or filled in elsewhere. */
function readable(value: Recipients | FromColumn | undefined): Mailbox[] {
  try {
    return boxesOf(value)
  } catch (thrown) {
    if (thrown instanceof RangeError) return []
    throw thrown
  }
}

/** The domains of a text, parted by commas; `*.` stands for every domain below. */
export function domainsOf(text: string): string[] {
  return text
    .split(/[,;\s]+/)
    .map((domain) => domain.toLowerCase().replace(/^@/, ''))
    .filter((domain) => domain !== '')
}

export function isDomain(domain: string): boolean {
  return domainToASCII(domain.replace(/^\*\./, '')) !== '' && !domain.includes('@')
}

function isAllowed({ address }: Mailbox, allowed: string[]): boolean {
  const domain = domainToASCII(address.slice(address.lastIndexOf('@') + 1).toLowerCase())
  return allowed.some((each) =>
    each.startsWith('*.') ? domain.endsWith(`.${domainToASCII(each.slice(2))}`) : domain === domainToASCII(each),
  )
}
