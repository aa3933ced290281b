import { afterAll } from 'bun:test'
import { microsoftGraphMail } from '../../../src/channels/microsoft-graph-mail.ts'
import { type FakeGraph, graphError, loginError, startGraph } from '../../support/fake-graph.ts'
import { now } from '../contract.ts'
import { refused, retried, vendorLife } from '../vendor-life.ts'

const MINUTE = 60_000
const other: FakeGraph = await startGraph()
afterAll(() => other.close())
const given = { ...other.settings, clientSecret: 'canary', sender: 'alerts@example.com', to: 'ops@example.com' }

const inTwoMinutes = new Date(now + 2 * MINUTE).toUTCString()

vendorLife('Graph', microsoftGraphMail, (url) => ({ ...given, graphUrl: url }), [
  { name: '202', reply: { status: 202 }, state: 'delivered', cause: 'delivered' },
  { name: 'a success whose body breaks off', reply: 'half', state: 'delivered', cause: 'delivered' },
  refused('400 ErrorInvalidRecipients', graphError(400, 'ErrorInvalidRecipients'), 'http-400'),
  refused('401 for a new token too', graphError(401, 'InvalidAuthenticationToken'), 'http-401'),
  refused('403 ErrorAccessDenied', graphError(403, 'ErrorAccessDenied'), 'http-403'),
  refused('404 ErrorInvalidUser', graphError(404, 'ErrorInvalidUser'), 'http-404'),
  refused('404 MailboxNotEnabledForRESTAPI', graphError(404, 'MailboxNotEnabledForRESTAPI'), 'http-404'),
  refused('413', { status: 413 }, 'http-413'),
  refused('410', { status: 410 }, 'http-410', true),
  retried('429 with seconds', graphError(429, 'ApplicationThrottled', { retryAfter: 90 }), 'http-429', 90_000),
  retried(
    '429 with a date',
    graphError(429, 'ApplicationThrottled', { retryAfter: inTwoMinutes }),
    'http-429',
    2 * MINUTE,
  ),
  retried('429 without a wait', graphError(429, 'MailboxConcurrency'), 'http-429', MINUTE),
  retried('500', graphError(500, 'ErrorInternalServerError'), 'http-500', 5000),
  retried('503 with a wait', graphError(503, 'ServiceUnavailable', { retryAfter: 20 }), 'http-503', 20_000),
  retried('504', graphError(504, 'GatewayTimeout'), 'http-504', 5000),
  retried('a reset after the request', 'reset', 'reset', 5000),
  retried('garbage', 'garbage', 'protocol', 5000),
])

vendorLife('the login of Microsoft 365', microsoftGraphMail, (url) => ({ ...given, loginUrl: url }), [
  refused('an expired secret', loginError(401, 'invalid_client', 7000222), 'login', true),
  refused('a wrong secret', loginError(401, 'invalid_client', 7000215), 'login'),
  refused('an unknown application', loginError(400, 'unauthorized_client', 700016), 'login'),
  retried('no time', loginError(400, 'temporarily_unavailable', 90033), 'http-400', 5000),
  retried('429', { status: 429, retryAfter: 30 }, 'http-429', 30_000),
  retried('503', { status: 503 }, 'http-503', 5000),
  retried('a reset', 'reset', 'reset', 5000),
])
