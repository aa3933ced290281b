import { lookup } from 'node:dns/promises'
import { connect, type LookupFunction, type Socket } from 'node:net'
import { networkInterfaces } from 'node:os'
import { canonical } from './address.ts'
import { NetError, netError } from './error.ts'
import type { Egress } from './policy.ts'

interface ResolvedAddress {
  address: string
  family: number
}

/** Finds the addresses of a host name. */
export type Resolve = (host: string) => Promise<ResolvedAddress[]>

/** The system's resolver. */
export const systemResolve: Resolve = (host) => lookup(host, { all: true, verbatim: true })

/** ms until a connection must stand, its name look-up included. */
export const CONNECT_TIMEOUT = 5000

/**
 * The addresses of a host that the policy allows at a port; they are what must be dialled, since a second look-up may
 * answer otherwise. Throws `NetError` (`dns`, `denied`).
 */
export async function resolveAllowed(
  egress: Pick<Egress, 'refusal'>,
  host: string,
  port: number,
  resolve: Resolve,
): Promise<ResolvedAddress[]> {
  const literal = canonical(host.replace(/^\[|\]$/g, ''))
  const found = literal === null ? await resolveName(host, resolve) : [addressOf(literal.toString())]
  const allowed: ResolvedAddress[] = []
  let refusal = ''
  for (const { address } of found) {
    const reason = egress.refusal(host, address, port)
    const pinned = canonical(address)
    if (reason === null && pinned !== null) allowed.push(addressOf(pinned.toString()))
    else refusal ||= reason ?? ''
  }
  if (allowed.length === 0) throw new NetError('denied', refusal || `${host} has no address.`, false)
  return allowed
}

/** For the `lookup` option of sockets: the connection goes to the checked addresses and to no other. */
export function pinnedLookup(egress: Pick<Egress, 'refusal'>, port: number, resolve: Resolve): LookupFunction {
  return (host, options, callback) => {
    resolveAllowed(egress, host, port, resolve).then(
      (addresses) => {
        const [first] = addresses
        if (options.all === true || first === undefined) callback(null, addresses)
        else callback(null, first.address, first.family)
      },
      (thrown: unknown) => callback(netError(thrown, host, false, false), ''),
    )
  }
}

/** Opens a TCP connection to a checked address of the host. Throws `NetError`. */
export function dial(
  egress: Egress,
  to: { host: string; port: number; signal: AbortSignal },
  resolve: Resolve,
  timeout: number,
): Promise<Socket> {
  return new Promise((done, fail) => {
    let socket: Socket | undefined
    let ended = false
    const end = (error: NetError) => {
      ended = true
      clearTimeout(timer)
      to.signal.removeEventListener('abort', abort)
      socket?.destroy()
      fail(error)
    }
    const abort = () => end(new NetError('aborted', 'The send was stopped.', false))
    const late = () => end(new NetError('timeout', `${to.host} did not take the connection in time.`, false))
    const timer = setTimeout(late, timeout)
    if (to.signal.aborted) return abort()
    to.signal.addEventListener('abort', abort)
    resolveAllowed(egress, to.host, to.port, resolve).then((addresses) => {
      if (ended) return
      const pinned: LookupFunction = (_host, _options, callback) => callback(null, addresses)
      const opened = connect({ host: 'pinned.invalid', port: to.port, lookup: pinned, autoSelectFamily: true })
      socket = opened
      opened.once('error', (thrown) => end(netError(thrown, to.host, false, false)))
      opened.once('connect', () => {
        clearTimeout(timer)
        to.signal.removeEventListener('abort', abort)
        opened.removeAllListeners('error')
        done(opened)
      })
    }, end)
  })
}

/** This machine's own addresses. */
export function localAddresses(): string[] {
  return Object.values(networkInterfaces()).flatMap((list) => (list ?? []).map(({ address }) => address))
}

async function resolveName(host: string, resolve: Resolve): Promise<ResolvedAddress[]> {
  try {
    return await resolve(host)
  } catch (thrown) {
    const code = thrown instanceof Error && 'code' in thrown ? ` (${String(thrown.code)})` : ''
    throw new NetError('dns', `The host name ${host} cannot be resolved${code}.`, false)
  }
}

function addressOf(address: string): ResolvedAddress {
  return { address, family: address.includes(':') ? 6 : 4 }
}
