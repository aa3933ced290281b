import { domainToASCII } from 'node:url'
import type { Mailbox } from './recipients.ts'

/** The Message-ID of a delivery's mail: the same at every attempt, so that a repeated mail is known as one. */
export function messageIdOf(deliveryId: string, { address }: Mailbox): string {
  const domain = domainToASCII(address.slice(address.lastIndexOf('@') + 1)) || 'localhost'
  return `<${deliveryId}@${domain}>`
}
