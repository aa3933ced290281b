import { createHttp, type EgressPolicy, type HttpDoor, type HttpOptions } from '../../src/net.ts'
import { certificate } from './certificates.ts'

/** A policy under which tests reach servers on this machine, whose certificates it trusts. */
const loopbackAllowed: EgressPolicy = {
  policy: 'open',
  allow: ['127.0.0.0/8', '::1'],
  own: [],
  authorities: [certificate('ca.pem')],
}

/** The door under that policy, or a changed one. */
export function testHttp(changes: Partial<EgressPolicy> = {}, options: HttpOptions = {}): HttpDoor {
  return createHttp({ ...loopbackAllowed, ...changes }, options)
}
