import { describe, expect, test } from 'bun:test'
import { slackErrors } from '../../src/channels/slack/errors.ts'
import { botAnswer, webhookFailure } from '../../src/channels/slack/refusal.ts'
import { slack } from '../../src/channels/slack.ts'
import { now } from './contract.ts'
import { refused, retried, type VendorCase, vendorLife } from './vendor-life.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE

const refusedBy = (status: number, code: string, disabled = false) =>
  refused(`${status} ${code}`, { status, body: code }, `slack-${code}`, disabled)

/** Documented, with the status each comes with: https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks */
const hookCases: VendorCase[] = [
  ...['invalid_payload', 'invalid_blocks', 'user_not_found', 'no_text', 'too_many_attachments'].map((code) =>
    refusedBy(400, code),
  ),
  ...['action_prohibited', 'posting_to_general_channel_denied'].map((code) => refusedBy(403, code)),
  refusedBy(403, 'invalid_token', true),
  ...['channel_not_found', 'no_active_hooks', 'no_service', 'no_service_id', 'no_team', 'team_disabled'].map((code) =>
    refusedBy(404, code, true),
  ),
  refusedBy(410, 'channel_is_archived', true),
  { ...refusedBy(200, 'no_service', true), name: '200 no_service' },
  { name: '404 without a word', reply: { status: 404 }, state: 'rejected', cause: 'http-404' },
  retried('500 rollup_error', { status: 500, body: 'rollup_error' }, 'slack-rollup_error', 5000),
  { name: '500', reply: { status: 500 }, state: 'pending', cause: 'http-500', wait: 5000 },
  retried(
    '429 with seconds',
    { status: 429, retryAfter: 30, body: '{"retry_after":1,"ok":false,"error":"rate_limited"}' },
    'slack-rate_limited',
    30_000,
  ),
  retried('429 with a date', { status: 429, retryAfter: new Date(now + 90_000).toUTCString() }, 'http-429', 90_000),
  retried(
    '429 with its wait in the body',
    { status: 429, body: '{"retry_after":7,"ok":false,"error":"rate_limited"}' },
    'slack-rate_limited',
    7000,
  ),
  retried('429 without a wait', { status: 429 }, 'http-429', MINUTE),
  retried('429 for a day', { status: 429, retryAfter: 86_400 }, 'http-429', HOUR),
  { name: 'a reset after the request', reply: 'reset', state: 'pending', cause: 'reset', wait: 5000 },
  { name: 'half a reply', reply: 'half', state: 'delivered', cause: 'delivered' },
]

const bot = (error: string, more: object = {}) => ({ status: 200, body: JSON.stringify({ ok: false, error, ...more }) })

const botCases: VendorCase[] = [
  ...['channel_not_found', 'not_in_channel', 'is_archived', 'missing_scope', 'no_permission', 'restricted_action'].map(
    (code) => ({ name: code, reply: bot(code), state: 'rejected' as const, cause: `slack-${code}` }),
  ),
  ...['invalid_auth', 'not_authed', 'account_inactive', 'token_revoked', 'token_expired'].map((code) => ({
    name: code,
    reply: bot(code),
    state: 'rejected' as const,
    cause: `slack-${code}`,
    disabled: true,
  })),
  ...['ekm_access_denied', 'access_denied', 'invalid_blocks', 'invalid_blocks_format', 'msg_blocks_too_long'].map(
    (code) => ({ name: code, reply: bot(code), state: 'rejected' as const, cause: `slack-${code}` }),
  ),
  ...['too_many_attachments', 'no_text', 'metadata_too_large', 'msg_too_long'].map((code) =>
    refused(code, bot(code), `slack-${code}`),
  ),
  { name: 'an error nobody documented', reply: bot('moon_phase'), state: 'rejected', cause: 'slack-moon_phase' },
  ...['service_unavailable', 'request_timeout'].map((code) => retried(code, bot(code), `slack-${code}`, 5000)),
  retried('ratelimited under 200', bot('ratelimited'), 'slack-ratelimited', MINUTE),
  retried('ratelimited under 200, with a wait', { ...bot('ratelimited'), retryAfter: 20 }, 'slack-ratelimited', 20_000),
  retried(
    '429',
    { status: 429, retryAfter: 45, body: '{"ok":false,"error":"ratelimited"}' },
    'slack-ratelimited',
    45_000,
  ),
  retried('message_limit_exceeded', bot('message_limit_exceeded'), 'slack-message_limit_exceeded', HOUR),
  retried('team_added_to_org', bot('team_added_to_org'), 'slack-team_added_to_org', MINUTE),
  retried('fatal_error, which is probed later', bot('fatal_error'), 'slack-fatal_error', 5000),
  retried('internal_error, which is probed later', bot('internal_error'), 'slack-internal_error', 5000),
  retried('an answer that is none of Slack', { status: 200, body: '<html>Sign in</html>' }, 'protocol', 5000),
  retried('half a reply', 'half', 'protocol', 5000),
  retried('a reset after the request', 'reset', 'reset', 5000),
]

vendorLife('a webhook of Slack', slack, (url) => ({ webhookUrl: `${url}/services/T0/B0/canary` }), hookCases)
vendorLife(
  'a bot of Slack',
  slack,
  (url) => ({ mode: 'bot', token: 'xoxb-canary', channel: 'C1', apiUrl: `${url}/api` }),
  botCases,
)

describe('an error of Slack', () => {
  const at = (status: number, body: string) => ({ status, headers: {}, body })

  test.each(Object.keys(slackErrors))('%s has a sentence for people, in both modes', (code) => {
    const answer = botAnswer(at(200, JSON.stringify({ ok: false, error: code })), now)
    const failures = ['failure' in answer ? answer.failure : null, webhookFailure(at(400, code), now)]
    for (const failure of failures) expect(failure?.message).toMatch(/^[A-Z].*[.;].* Slack's word for it: [a-z_]+\.$/)
  })

  test('shows the scope that is missing, and what is wrong with blocks', () => {
    const scope = { ok: false, error: 'missing_scope', needed: 'chat:write', provided: 'users:read' }
    const blocks = { ok: false, error: 'invalid_blocks', response_metadata: { messages: ['[ERROR] no more than 50'] } }
    const texts = [scope, blocks].map((body) => {
      const answer = botAnswer(at(200, JSON.stringify(body)), now)
      return 'failure' in answer ? answer.failure.message : ''
    })
    expect(texts[0]).toContain('(needed chat:write; granted users:read)')
    expect(texts[1]).toContain('([ERROR] no more than 50)')
  })

  test('is none when the name is one of objects', () => {
    expect(webhookFailure(at(200, 'constructor'), now)).toBeNull()
  })
})
