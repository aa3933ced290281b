import { describe, expect, test } from 'bun:test'
import { type EgressPolicy, prepareEgress } from '../../src/net/policy.ts'
import { type Resolve, resolveAllowed } from '../../src/net/resolve.ts'

const open: EgressPolicy = { policy: 'open', allow: [], own: [], authorities: [] }
const refusal = (address: string, changes: Partial<EgressPolicy> = {}, port = 443, host = address) =>
  prepareEgress({ ...open, ...changes }, () => ['192.168.7.7']).refusal(host, address, port)

describe('addresses that are never contacted, whatever is allowed', () => {
  test.each([
    ['0.0.0.0', 'unspecified'],
    ['0.1.2.3', 'unspecified'],
    ['::', 'unspecified'],
    ['169.254.169.254', 'link-local'],
    ['169.254.0.1', 'link-local'],
    ['fe80::1', 'link-local'],
    ['100.100.100.200', 'metadata'],
    ['168.63.129.16', 'metadata'],
    ['192.0.0.192', 'metadata'],
    ['fd00:ec2::254', 'metadata'],
    ['224.0.0.1', 'multicast'],
    ['239.255.255.250', 'multicast'],
    ['ff02::1', 'multicast'],
    ['255.255.255.255', 'broadcast'],
    ['::ffff:169.254.169.254', 'link-local'],
    ['::ffff:a9fe:a9fe', 'link-local'],
    ['::ffff:0:169.254.169.254', 'link-local'],
    ['64:ff9b::a9fe:a9fe', 'link-local'],
    ['2002:a9fe:a9fe::1', 'link-local'],
    ['2001:0:a9fe:a9fe:0:0:3fff:fdd2', 'link-local'],
    ['2001:0:808:808:0:0:5601:5601', 'link-local'],
    ['::169.254.169.254', 'link-local'],
    ['2001:db9::5efe:a9fe:a9fe', 'link-local'],
    ['2852039166', 'link-local'],
    ['0xa9fea9fe', 'link-local'],
    ['0251.0376.0251.0376', 'link-local'],
    ['0xa9.0xfe.43518', 'link-local'],
  ])('%s is %s', (address, kind) => {
    const allow = ['0.0.0.0/0', '::/0', '10.9.9.9', 'any.example']
    expect(refusal(address, { allow })).toContain(kind)
    expect(refusal(address, { allow })).toContain('never contacted')
    expect(refusal(address, { policy: 'allow-list', allow }, 443, 'any.example')).toContain('never contacted')
  })
})

describe('addresses that need allowing', () => {
  test.each([
    ['127.0.0.1', 'loopback', '127.0.0.0/8'],
    ['127.255.0.9', 'loopback', '127.0.0.0/8'],
    ['::1', 'loopback', '::1/128'],
    ['::ffff:127.0.0.1', 'loopback', '127.0.0.0/8'],
    ['2130706433', 'loopback', '127.0.0.0/8'],
    ['0177.1', 'loopback', '127.0.0.0/8'],
    ['127.1', 'loopback', '127.0.0.0/8'],
    ['64:ff9b::7f00:1', 'loopback', '64:ff9b::7f00:1/128'],
    ['2002:7f00:1::', 'loopback', '2002:7f00:1::/128'],
    ['192.0.2.1', 'reserved', '192.0.2.1/32'],
    ['198.51.100.7', 'reserved', '198.51.100.7/32'],
    ['203.0.113.7', 'reserved', '203.0.113.7/32'],
    ['198.18.0.1', 'reserved', '198.18.0.1/32'],
    ['198.19.255.1', 'reserved', '198.19.255.1/32'],
    ['192.0.0.8', 'reserved', '192.0.0.8/32'],
    ['192.88.99.1', 'reserved', '192.88.99.1/32'],
    ['240.0.0.1', 'reserved', '240.0.0.1/32'],
    ['100::1', 'reserved', '100::1/128'],
    ['2001:db8::1', 'reserved', '2001:db8::1/128'],
    ['3fff::1', 'reserved', '3fff::1/128'],
    ['5f00::1', 'reserved', '5f00::1/128'],
    ['64:ff9b:1::7f00:1', 'reserved', '64:ff9b:1::7f00:1/128'],
  ])('%s is %s; the error names %s', (address, kind, network) => {
    const reason = refusal(address)
    expect(reason).toContain(kind)
    expect(reason).toEndWith(`set egress.allow: ${network}`)
    expect(refusal(address, { allow: [network] })).toBeNull()
  })

  test.each([
    '10.0.0.1',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
    '100.64.0.1',
    'fc00::1',
    'fd12::1',
    '2002:a00:1::',
  ])('the private %s is open by default, and refused by deny-private until it is allowed', (address) => {
    expect(refusal(address)).toBeNull()
    const reason = refusal(address, { policy: 'deny-private' }) ?? ''
    expect(reason).toContain('private')
    expect(refusal(address, { policy: 'deny-private', allow: [reason.split('egress.allow: ')[1] ?? ''] })).toBeNull()
  })

  test.each(['1.1.1.1', '8.8.8.8', '172.32.0.1', '100.128.0.1', '2606:4700::1111', '64:ff9b::808:808'])(
    'the public %s is open, by deny-private too, and refused by an allow-list',
    (address) => {
      expect(refusal(address)).toBeNull()
      expect(refusal(address, { policy: 'deny-private' })).toBeNull()
      expect(refusal(address, { policy: 'allow-list' })).toContain('"allow-list"')
      expect(refusal(address, { policy: 'allow-list', allow: [address] })).toBeNull()
    },
  )
})

describe('names on the list', () => {
  test('a host name, in any case and with a final dot', () => {
    const list = { policy: 'allow-list', allow: ['Hooks.Example.com'] } as const
    expect(refusal('1.1.1.1', list, 443, 'hooks.example.COM.')).toBeNull()
    expect(refusal('1.1.1.1', list, 443, 'evil-hooks.example.com')).toContain('egress.allow: evil-hooks.example.com')
  })

  test('a leading *. stands for every name below, not for the name itself', () => {
    const list = { policy: 'allow-list', allow: ['*.example.com'] } as const
    expect(refusal('1.1.1.1', list, 443, 'a.b.example.com')).toBeNull()
    expect(refusal('1.1.1.1', list, 443, 'example.com')).not.toBeNull()
    expect(refusal('1.1.1.1', list, 443, 'badexample.com')).not.toBeNull()
  })

  test('an international name is the same in both its forms', () => {
    const list = { policy: 'allow-list', allow: ['bücher.example'] } as const
    expect(refusal('1.1.1.1', list, 443, 'xn--bcher-kva.example')).toBeNull()
  })

  test('a listed name may lead to this machine, but not to a metadata address', () => {
    const list = { allow: ['inbox.example'] }
    expect(refusal('127.0.0.1', list, 443, 'inbox.example')).toBeNull()
    expect(refusal('169.254.169.254', list, 443, 'inbox.example')).toContain('never contacted')
  })

  test.each(['', '10.0.0.0/33', '10.0.0', '*', 'a b', 'http://x', '*.*.x', '10.0.0.0/8/8', 'x:80'])(
    'the entry %p is refused, naming the field',
    (entry) => {
      expect(() => prepareEgress({ ...open, allow: ['10.0.0.1', entry] }, () => [])).toThrow('egress.allow.1')
    },
  )
})

describe("Tocsin's own listeners", () => {
  const allow = ['0.0.0.0/0', '::/0']

  test('are never contacted, even where loopback is allowed', () => {
    const own = [{ host: '127.0.0.1', port: 8686 }]
    expect(refusal('127.0.0.1', { allow, own }, 8686)).toContain('Tocsin itself')
    expect(refusal('::ffff:127.0.0.1', { allow, own }, 8686)).toContain('Tocsin itself')
    expect(refusal('127.0.0.1', { allow, own }, 8687)).toBeNull()
  })

  test('bound to every address, at any address of this machine', () => {
    for (const host of ['0.0.0.0', '::', '[::]']) {
      const own = [{ host, port: 8686 }]
      expect(refusal('127.8.8.8', { allow, own }, 8686)).toContain('Tocsin itself')
      expect(refusal('192.168.7.7', { allow, own }, 8686)).toContain('Tocsin itself')
      expect(refusal('192.168.7.8', { allow, own }, 8686)).toBeNull()
    }
  })

  test('may be added later', () => {
    const own: { host: string; port: number }[] = []
    const egress = prepareEgress({ ...open, allow, own }, () => [])
    expect(egress.refusal('127.0.0.1', '127.0.0.1', 8686)).toBeNull()
    own.push({ host: 'localhost', port: 8686 })
    expect(egress.refusal('127.0.0.1', '127.0.0.1', 8686)).toContain('Tocsin itself')
  })
})

describe('resolving', () => {
  const resolveOpen = (host: string, resolve: Resolve) =>
    resolveAllowed(
      prepareEgress(open, () => []),
      host,
      25,
      resolve,
    )
  const answer =
    (...addresses: string[]) =>
    async () =>
      addresses.map((address) => ({ address, family: 4 }))

  test('keeps the addresses that are allowed', async () => {
    const found = await resolveOpen('mixed.example', answer('127.0.0.1', '10.0.0.5', 'fe80::1%eth0'))
    expect(found).toEqual([{ address: '10.0.0.5', family: 4 }])
  })

  test('names host and address when none is', async () => {
    const attempt = resolveOpen('inside.example', answer('169.254.169.254'))
    await expect(attempt).rejects.toThrow('inside.example (169.254.169.254) is a link-local address')
  })

  test('takes an address as it is, without asking', async () => {
    const never = async () => {
      throw new Error('asked')
    }
    expect(await resolveOpen('[::ffff:10.0.0.5]', never)).toEqual([{ address: '10.0.0.5', family: 4 }])
  })

  test('a zone is no address', () => {
    expect(refusal('fe80::1%eth0')).toContain('not an address')
  })
})
