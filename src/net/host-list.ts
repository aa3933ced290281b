import { domainToASCII } from 'node:url'
import ipaddr from 'ipaddr.js'
import { invalid } from '../errors.ts'
import { type Address, canonical } from './address.ts'

/** Hosts by address, network, name, or `*.` with the end of names. */
export interface HostList {
  /** Whether the host is listed by its name, or by the address it has, where that is known. */
  includes(host: string, address: Address | null): boolean
}

/** Reads a setting's list of hosts. Throws `invalid` at the entry that is none. */
export function parseHostList(entries: readonly string[], path: string): HostList {
  const names: string[] = []
  const networks: Network[] = []
  for (const [index, entry] of entries.entries()) {
    const network = parseNetwork(entry)
    if (network !== null) networks.push(network)
    else if (isHostPattern(entry)) names.push(hostName(entry))
    else {
      throw invalid(
        `${path}.${index}`,
        `"${entry}" is not an address, a network such as 10.0.0.0/8, a host name, or a pattern such as *.example.com.`,
      )
    }
  }
  return {
    includes(host, address) {
      const name = hostName(host)
      if (names.some((entry) => (entry.startsWith('*.') ? name.endsWith(entry.slice(1)) : name === entry))) return true
      return networks.some(
        ([network, bits]) => address !== null && network.kind() === address.kind() && address.match(network, bits),
      )
    },
  }
}

/** Lower case, without a final dot or brackets, and in ASCII. */
export function hostName(host: string): string {
  const plain = host
    .toLowerCase()
    .replace(/\.$/, '')
    .replace(/^\[|\]$/g, '')
  return plain.startsWith('*.') ? `*.${hostName(plain.slice(2))}` : domainToASCII(plain) || plain
}

type Network = [Address, number]

function parseNetwork(entry: string): Network | null {
  if (ipaddr.isValidCIDR(entry)) return ipaddr.parseCIDR(entry)
  const address = /^\d+\.\d+\.\d+\.\d+$|:/.test(entry) ? canonical(entry) : null
  return address === null ? null : [address, address.kind() === 'ipv4' ? 32 : 128]
}

function isHostPattern(entry: string): boolean {
  const name = hostName(entry.startsWith('*.') ? entry.slice(2) : entry)
  return /^[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*$/.test(name) && !/^[\d.]+$/.test(name)
}
