import { describe, expect, test } from 'bun:test'
import { git } from '../../src/channels/git.ts'
import { mail } from '../../src/channels/mail.ts'
import { slack } from '../../src/channels/slack.ts'
import { webhook } from '../../src/channels/webhook.ts'
import { type MlrunSurroundings, readMlrunChannel } from '../../src/importers/mlrun/channel.ts'
import { openParams } from '../../src/importers/mlrun/open-params.ts'
import type { JsonObject } from '../../src/model/json.ts'
import { secretKeys } from '../../src/model/settings.ts'
import { contextOf, settingsOf } from '../channels/contract.ts'
import { testHttp } from '../support/egress.ts'

const target = { repo: 'test-owner/test-repo', issue: 7, token: 'test-token' }

/** The address and the headers of the comment that the parameters make. */
async function comment(params: JsonObject, around: MlrunSurroundings = {}) {
  const { channel, issues } = readMlrunChannel('git', params, around)
  expect(issues).toEqual([])
  let asked = { url: '', headers: {} as Record<string, string> }
  const request = ({ url, headers = {} }: { url: string; headers?: Record<string, string> }) => {
    asked = { url, headers }
    return Promise.resolve({ status: 201, headers: {}, body: '{}' })
  }
  await git.send('x', settingsOf(git, channel?.settings ?? {}), contextOf({ http: { ...testHttp(), request } }))
  return asked
}

describe('§8.7 where a git notification of MLRun comments', () => {
  test.each<[JsonObject, MlrunSurroundings, string]>([
    [target, {}, 'https://api.github.com/repos/test-owner/test-repo/issues/7/comments'],
    [{ ...target, gitlab: true }, {}, 'https://gitlab.com/api/v4/projects/test-owner%2Ftest-repo/issues/7/notes'],
    [
      { ...target, gitlab: true, merge_request: 8 },
      {},
      'https://gitlab.com/api/v4/projects/test-owner%2Ftest-repo/merge_requests/8/notes',
    ],
    [
      { ...target, server: 'custom-gitlab' },
      {},
      'https://custom-gitlab/api/v4/projects/test-owner%2Ftest-repo/issues/7/notes',
    ],
    [
      { ...target, server: 'git.example.com/api/v3' },
      {},
      'https://git.example.com/api/v3/repos/test-owner/test-repo/issues/7/comments',
    ],
    [
      { token: 't' },
      { environment: { CI_PROJECT_ID: '4711', CI_MERGE_REQUEST_IID: '9' } },
      'https://gitlab.com/api/v4/projects/4711/merge_requests/9/notes',
    ],
    [
      { token: 't', gitlab: false },
      { environment: { CI_PROJECT_ID: '4711', CI_ISSUE_IID: '3' } },
      'https://gitlab.com/api/v4/projects/4711/issues/3/notes',
    ],
    [
      {},
      { environment: { GITHUB_REPOSITORY: 'a/b', GITHUB_TOKEN: 't' }, event: { number: 12 } },
      'https://api.github.com/repos/a/b/issues/12/comments',
    ],
    // MLRun forgets a merge request on GitHub; a pull request is an issue there.
    [{ repo: 'a/b', merge_request: 5, token: 't' }, {}, 'https://api.github.com/repos/a/b/issues/5/comments'],
  ])('%j, %j', async (params, around, url) => {
    expect((await comment(params, around)).url).toBe(url)
  })

  test.each<[JsonObject, Record<string, string>, string]>([
    [{ token: 'a', GIT_TOKEN: 'b' }, { GITHUB_TOKEN: 'c' }, 'Bearer a'],
    [{ GIT_TOKEN: 'b' }, { GITHUB_TOKEN: 'c' }, 'Bearer b'],
    [{ GITHUB_TOKEN: 'b' }, {}, 'Bearer b'],
    [{}, { GITHUB_TOKEN: 'c', GIT_TOKEN: 'd' }, 'Bearer c'],
    [{}, { GIT_TOKEN: 'd' }, 'Bearer d'],
  ])('with the token of %j, %j', async (params, environment, authorization) => {
    const { headers } = await comment({ repo: 'a/b', issue: '1', ...params }, { environment })
    expect(headers['authorization']).toBe(authorization)
  })
  test('with the token in the header of GitLab', async () => {
    expect((await comment({ ...target, gitlab: true })).headers['private-token']).toBe('test-token')
  })
})

describe('§8.4 what is missing is named in the words of MLRun', () => {
  test.each([
    ['git', { ...target, repo: null }, ["Parameter 'repo' is required for GitNotification"]],
    ['git', { ...target, token: '' }, ["Parameter 'token' is required for GitNotification"]],
    ['git', { ...target, issue: null }, ["At least one of 'issue' or 'merge_request' is required for GitNotification"]],
    ['webhook', {}, ["Parameter 'url' is required for WebhookNotification"]],
    [
      'webhook',
      { url: 'https://x.example', method: 'trace' },
      ['must be one of GET, POST, PUT, PATCH, DELETE, not trace'],
    ],
    ['slack', { webhook: null }, ["Parameter 'webhook' is required for SlackNotification"]],
  ] as const)('%s %j', (kind, params, messages) => {
    const { channel, issues } = readMlrunChannel(kind, params)
    expect(issues.map(({ message }) => message)).toEqual([...messages])
    expect(channel).toBeNull()
  })
})

describe('§8.8 a webhook of MLRun', () => {
  const url = 'https://x.example/hook'
  const settings = (params: JsonObject) => readMlrunChannel('webhook', params).channel?.settings
  test.each(['get', 'POST', 'Put', 'patch', 'delete'])('takes the method %s', (method) => {
    expect(settings({ url, method })).toEqual({ url, method: method.toUpperCase() })
  })
  test.each<[JsonObject, JsonObject]>([
    [{ verify_ssl: false }, { verifyCertificate: false }],
    [{ verify_ssl: true }, {}],
    [{ verify_ssl: null }, {}],
    [{ headers: { a: 'b' } }, { headers: { a: 'b' } }],
    [{ headers: null }, {}],
    [{ override_body: { a: '{{ runs }}' } }, { overrideBody: { a: '{{ runs }}' } }],
    [{ override_body: ['a', 1] }, { overrideBody: ['a', 1] }],
    [{ override_body: 'text {{ runs }}' }, { overrideBody: 'text {{ runs }}' }],
    [{ override_body: {} }, {}],
    [{ override_body: '' }, {}],
  ])('%j becomes %j', (params, more) => {
    const found = settings({ url, ...params })
    expect(found).toEqual({ url, method: 'POST', ...more })
    expect(settingsOf(webhook, found ?? {})).toMatchObject({ url, ...more })
  })
  test('is not checked over HTTP, whatever verify_ssl says', () => {
    expect(settings({ url: 'http://x.example', verify_ssl: false })).not.toHaveProperty('verifyCertificate')
  })
})

test('the other kinds', () => {
  expect(readMlrunChannel('console', {}).channel).toEqual({ kind: 'console', settings: {} })
  expect(readMlrunChannel('slack', { webhook: 'https://hooks.slack.com/services/x' }).channel).toEqual({
    kind: 'slack',
    settings: { mode: 'webhook', webhookUrl: 'https://hooks.slack.com/services/x' },
  })
  const environment = { SLACK_WEBHOOK: 'https://hooks.slack.com/services/y' }
  expect(readMlrunChannel('slack', {}, { environment }).channel?.settings['webhookUrl']).toEndWith('/y')
})

describe('a parameter that becomes a secret setting is never an open one', () => {
  const full = {
    slack: { webhook: 'https://hooks.slack.com/probe' },
    git: { repo: 'probe/repo', issue: 4711, token: 'probe-token', server: 'probe.example', gitlab: true },
    mail: {
      server_host: 'probe-host',
      sender_address: 'probe@sender.example',
      email_addresses: 'probe@to.example',
      username: 'probe-user',
      password: 'probe-password',
    },
    webhook: {
      url: 'https://probe.example',
      method: 'put',
      headers: { 'x-probe': 'probe-header' },
      override_body: { probe: 'probe-body' },
    },
  }
  const channels = { slack, git, mail, webhook }
  test.each(['slack', 'git', 'mail', 'webhook'] as const)('%s', (kind) => {
    const params: JsonObject = full[kind]
    const { settings } = channels[kind]
    const found = readMlrunChannel(kind, params).channel?.settings ?? {}
    const hidden = secretKeys(settings).filter((key) => found[key] !== undefined)
    expect(hidden).not.toEqual([])
    const secret = JSON.stringify(hidden.map((key) => found[key]))
    const open = Object.keys(params).filter((key) => secret.includes(JSON.stringify(params[key])))
    expect(open).not.toEqual([])
    expect(open.filter((key) => openParams[kind].includes(key))).toEqual([])
  })
})

test('ipython is taken and does nothing', () => {
  const { channel, issues, warnings } = readMlrunChannel('ipython', {})
  expect([channel, issues]).toEqual([null, []])
  expect(warnings).toEqual(['kind: ipython shows messages in a notebook; it is kept and does nothing here'])
})

test('what is no parameter is warned of', () => {
  expect(readMlrunChannel('console', { colour: 'red' }).warnings).toEqual([
    'colour: is no parameter of the kind console and is ignored',
  ])
})
