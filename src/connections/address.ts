import type { LookupFunction } from 'node:net'
import { type AddressKind, canonical, classify, embedded } from '../net/address.ts'
import { pinnedLookup, systemResolve } from '../net/resolve.ts'

// Databases mostly live in private networks or on this machine, so only what can never be one is refused.
const refused: Partial<Record<AddressKind, string>> = {
  'link-local': 'is a link-local address',
  metadata: 'is an address of a cloud’s metadata service',
  multicast: 'is a multicast address',
  broadcast: 'is a broadcast address',
}

/** Why no connection is made to an address; null when it may be. */
export function addressRefusal(host: string, text: string): string | null {
  const address = canonical(text)
  if (address === null) return null
  for (const part of [address, ...embedded(address)]) {
    const reason = refused[classify(part)]
    if (reason !== undefined) return `${host} ${reason}, which is never contacted.`
  }
  return null
}

/** Why a host that is written as an address is not contacted; null for names, which `guardedLookup` checks. */
export function literalRefusal(host: string): string | null {
  return addressRefusal(host, host.replace(/^\[|\]$/g, ''))
}

/** For the `lookup` option of sockets: the connection goes to an address that was checked. */
export function guardedLookup(port: number): LookupFunction {
  return pinnedLookup({ refusal: addressRefusal }, port, systemResolve)
}
