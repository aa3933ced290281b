import ipaddr from 'ipaddr.js'

export type Address = ipaddr.IPv4 | ipaddr.IPv6

/** What an address is good for. `reserved` ones belong to documentation, benchmarks and other special uses. */
export type AddressKind =
  | 'public'
  | 'private'
  | 'loopback'
  | 'reserved'
  | 'link-local'
  | 'metadata'
  | 'multicast'
  | 'unspecified'
  | 'broadcast'

/**
 * The one form of an address: decimal, octal and hexadecimal IPv4 forms are read as such and IPv4-mapped IPv6 becomes
 * IPv4. Null when the text is no address, or has a zone.
 */
export function canonical(text: string): Address | null {
  if (text.includes('%') || !ipaddr.isValid(text)) return null
  return ipaddr.process(text)
}

/** IPv4 addresses that an IPv6 address leads to: NAT64, 6to4, Teredo, ISATAP, translated and compatible forms. */
export function embedded(address: Address): Address[] {
  if (!isV6(address)) return []
  const bytes = address.toByteArray()
  const at = (start: number, mask = 0) => new ipaddr.IPv4(bytes.slice(start, start + 4).map((byte) => byte ^ mask))
  const range = address.range()
  if (range === 'rfc6145' || range === 'rfc6052') return [at(12)]
  if (range === '6to4') return [at(2)]
  if (range === 'teredo') return [at(4), at(12, 0xff)]
  if (isIsatap(bytes)) return [at(12)]
  const compatible = bytes.slice(0, 12).every((byte) => byte === 0) && bytes.slice(12, 14).some((byte) => byte !== 0)
  return compatible ? [at(12)] : []
}

/** What an address in its canonical form is good for; embedded addresses are looked at on their own. */
export function classify(address: Address): AddressKind {
  if (within(address, metadata)) return 'metadata'
  if (within(address, reserved)) return 'reserved'
  return kinds[address.range()] ?? 'reserved'
}

const kinds: Record<string, AddressKind> = {
  unicast: 'public',
  private: 'private',
  uniqueLocal: 'private',
  carrierGradeNat: 'private',
  loopback: 'loopback',
  linkLocal: 'link-local',
  multicast: 'multicast',
  unspecified: 'unspecified',
  broadcast: 'broadcast',
  // Judged by the IPv4 address inside.
  rfc6145: 'public',
  rfc6052: 'public',
  '6to4': 'public',
  teredo: 'public',
}

type Network = [Address, number]
const networks = (...texts: string[]): Network[] => texts.map((text) => ipaddr.parseCIDR(text))

/** Where clouds answer with credentials; those inside link-local are told by that. */
const metadata = networks('100.100.100.200/32', '168.63.129.16/32', '192.0.0.192/32', 'fd00:ec2::254/128')

/** Beyond what the library calls reserved. The local-use NAT64 prefix hides its IPv4 address at an unknown place. */
const reserved = networks(
  '192.0.0.0/24',
  '198.18.0.0/15',
  '64:ff9b:1::/48',
  '100::/64',
  '2001:db8::/32',
  '3fff::/20',
  '5f00::/16',
)

function within(address: Address, list: Network[]): boolean {
  return list.some(([network, bits]) => network.kind() === address.kind() && address.match(network, bits))
}

function isV6(address: Address): address is ipaddr.IPv6 {
  return address.kind() === 'ipv6'
}

function isIsatap(bytes: readonly number[]): boolean {
  return (bytes[8] === 0 || bytes[8] === 2) && bytes[9] === 0 && bytes[10] === 0x5e && bytes[11] === 0xfe
}
