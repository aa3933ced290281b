import { messageOf } from '../errors.ts'
import type { Terminal } from './terminal.ts'

/** Asks the daemon whether it is ready: exit code 0 when it is, for containers and supervisors. */
export async function healthcheck(terminal: Terminal, { url }: { url: string }): Promise<number> {
  const address = new URL('/readyz', url).href
  try {
    const response = await fetch(address, { signal: AbortSignal.any([terminal.signal, AbortSignal.timeout(5000)]) })
    terminal.out(response.ok ? 'ready' : `not ready: ${address} answered ${response.status}`)
    return response.ok ? 0 : 1
  } catch (thrown) {
    terminal.err(`not ready: ${address} cannot be reached (${messageOf(thrown)}).`)
    return 1
  }
}
