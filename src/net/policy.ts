import { type Address, canonical, classify, embedded } from './address.ts'
import { hostName, parseHostList } from './host-list.ts'

/** Where requests and mail may go. */
export interface EgressPolicy {
  /** `open`: private networks too; `deny-private`: only public addresses; `allow-list`: only what `allow` names. */
  policy: 'open' | 'deny-private' | 'allow-list'
  /** Addresses, networks (`10.0.0.0/8`), host names and `*.` with the end of host names. */
  allow: readonly string[]
  /** What Tocsin itself listens on; never contacted. Read at each use, so entries may be added at start. */
  own: readonly { host: string; port: number }[]
  /** PEM of authorities to trust besides the built-in and the system's. */
  authorities: readonly string[]
  /** URL of an HTTP proxy that requests, though not mail, go through. */
  proxy?: string | null
  /** Hosts that are reached without it, written as in `allow`. */
  noProxy?: readonly string[]
}

/** Names of this machine's own addresses, in canonical form. */
export type LocalAddresses = () => readonly string[]

/** A policy made ready for many checks. */
export interface Egress {
  /** Why the host at this address must not be contacted, and what would allow it; null when it may be. */
  refusal(host: string, address: string, port: number): string | null
  /** The same for a host whose address only the proxy finds out. */
  nameRefusal(host: string): string | null
}

/** Makes a policy ready. Throws `invalid` at `egress.allow` for an entry that is no address, network or host name. */
export function prepareEgress(policy: EgressPolicy, local: LocalAddresses): Egress {
  const allowed = parseHostList(policy.allow, 'egress.allow')
  return {
    refusal(host, text, port) {
      const address = canonical(text)
      if (address === null) return `${text} is not an address.`
      const subject = subjectOf(host, address)
      for (const part of [address, ...embedded(address)]) {
        const never = alwaysRefused(part)
        if (never !== null) return `${subject} ${never}, which is never contacted.`
        if (isOwn(part, port, policy.own, local)) {
          return `${subject} at port ${port} is Tocsin itself, which is never contacted.`
        }
      }
      if (allowed.includes(host, address)) return null
      for (const part of [address, ...embedded(address)]) {
        const problem = needsAllowing(part, policy.policy)
        if (problem === null) continue
        const network = problem.network !== undefined && part === address ? problem.network : single(address)
        return `${subject} ${problem.what}. To allow it, set egress.allow: ${network}`
      }
      return policy.policy === 'allow-list' ? unlisted(subject, host) : null
    },
    nameRefusal(host) {
      return policy.policy === 'allow-list' && !allowed.includes(host, null) ? unlisted(hostName(host), host) : null
    },
  }
}

function unlisted(subject: string, host: string): string {
  return `${subject} is not listed and egress.policy is "allow-list". To allow it, set egress.allow: ${hostName(host)}`
}

function alwaysRefused(address: Address): string | null {
  const kind = classify(address)
  switch (kind) {
    case 'link-local':
    case 'multicast':
    case 'unspecified':
    case 'broadcast':
      return `is ${kind === 'unspecified' ? 'an' : 'a'} ${kind} address`
    case 'metadata':
      return "is a cloud's metadata address"
    default:
      return null
  }
}

function needsAllowing(address: Address, policy: EgressPolicy['policy']): { what: string; network?: string } | null {
  const kind = classify(address)
  if (kind === 'loopback') {
    return { what: 'is a loopback address', network: address.kind() === 'ipv4' ? '127.0.0.0/8' : '::1/128' }
  }
  if (kind === 'reserved') return { what: 'is a reserved address' }
  if (kind !== 'private' || policy !== 'deny-private') return null
  return { what: 'is a private address and egress.policy is "deny-private"' }
}

function single(address: Address): string {
  return `${address}/${address.kind() === 'ipv4' ? 32 : 128}`
}

function isOwn(address: Address, port: number, own: EgressPolicy['own'], local: LocalAddresses): boolean {
  return own.some((listener) => {
    if (listener.port !== port) return false
    const bound = canonical(hostName(listener.host))
    const anywhere = listener.host === '' || (bound !== null && classify(bound) === 'unspecified')
    if (anywhere) return classify(address) === 'loopback' || local().includes(address.toString())
    if (bound === null) return classify(address) === 'loopback'
    return bound.toString() === address.toString()
  })
}

function subjectOf(host: string, address: Address): string {
  const name = hostName(host)
  const literal = canonical(name)
  return literal !== null && literal.toString() === address.toString() ? name : `${name} (${address})`
}
