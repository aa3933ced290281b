import { presetNames } from '../../src/channels/webhook/presets.ts'
import type { JsonObject } from '../../src/model/json.ts'
import type { Reply } from '../support/receiver.ts'

/** One vendor, or one way of reaching it, over HTTP. */
export interface Way {
  kind: string
  /** Settings that lead to a receiver under its two names: `https://localhost:…` and `https://127.0.0.1:…`. */
  settings(url: string, other: string): JsonObject
  /** How many of the two names are called. */
  names?: 2
}

const repository = { repository: 'acme/models', issue: 7, token: 'canary' }
/** Every one that Tocsin knows. */
export const ways: Record<string, Way> = {
  'a webhook of Slack': { kind: 'slack', settings: (url) => ({ webhookUrl: `${url}/services/T0/B0/x` }) },
  'a bot of Slack': {
    kind: 'slack',
    settings: (url) => ({ mode: 'bot', token: 'xoxb-canary', channel: 'C1', apiUrl: `${url}/api` }),
  },
  Teams: { kind: 'teams', settings: (url) => ({ webhookUrl: `${url}/workflows/x` }) },
  Twilio: {
    kind: 'twilio',
    settings: (apiUrl) => ({
      accountSid: `AC${'0'.repeat(32)}`,
      authToken: 'canary',
      fromNumber: '+15005550006',
      to: '+15551234567',
      apiUrl,
    }),
  },
  'Microsoft 365 and its login': {
    kind: 'microsoft-graph-mail',
    names: 2,
    settings: (graphUrl, loginUrl) => ({
      tenantId: 'acme.example',
      clientId: 'tocsin',
      clientSecret: 'canary',
      sender: 'alerts@example.com',
      to: 'ops@example.com',
      graphUrl,
      loginUrl,
    }),
  },
  GitHub: { kind: 'git', settings: (apiUrl) => ({ ...repository, platform: 'github', apiUrl }) },
  GitLab: { kind: 'git', settings: (apiUrl) => ({ ...repository, platform: 'gitlab', apiUrl }) },
  ...Object.fromEntries(
    ['tocsin', ...presetNames].map((preset): [string, Way] => [
      `a webhook in the form ${preset}`,
      { kind: 'webhook', settings: (url) => ({ url: `${url}/hooks/x`, preset }) },
    ]),
  ),
}

/** What any vendor answers that takes everything; asked for earlier messages, it has none. */
export function working({ method, path }: { method: string; path: string }): Reply {
  const found = { ok: true, channel: 'C1', ts: '1.1', sid: 'SM1', id: 1, access_token: 't', messages: [] }
  const isList = method === 'GET' && /\/(comments|notes)\?/.test(path)
  return { status: 200, body: JSON.stringify(isList ? [] : found) }
}
