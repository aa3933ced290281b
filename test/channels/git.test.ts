import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import type { SendContext } from '../../src/channels/channel.ts'
import { commentText } from '../../src/channels/git/comment.ts'
import { gitFailure } from '../../src/channels/git/failure.ts'
import { git } from '../../src/channels/git.ts'
import type { JsonObject } from '../../src/model/json.ts'
import type { Message } from '../../src/model/message.ts'
import type { HttpDoor } from '../../src/net.ts'
import { testHttp } from '../support/egress.ts'
import { type FakeGit, startFakeGit } from '../support/fake-git.ts'
import { elements, githubMarkdown, shownText } from '../support/markdown.ts'
import { serverPackages, skipUnless } from '../support/requirements.ts'
import { channelContract, contextOf, failureOf, now, settingsOf } from './contract.ts'
import { firing, messages } from './messages.ts'

const token = 'canary-token'
const repository = 'acme/models'

channelContract(git, {
  accepted: [
    { repository, issue: 7, token },
    { repository, mergeRequest: '7', token, platform: 'github', apiUrl: 'https://git.example.com/api/v3' },
    { repository: 'acme/teams/models', mergeRequest: 7, issue: 1, token, apiUrl: 'https://gitlab.example.com' },
    { repository: '4711', issue: '3', token, platform: 'gitlab', comment: 'update', verifyCertificate: false },
  ],
  rejected: [
    [{ repository, token }, 'issue', 'name an issue, or a merge request'],
    [{ repository, issue: 7 }, 'token', 'token'],
    [{ issue: 7, token }, 'repository', 'repository'],
    [{ repository, issue: 'seven', token }, 'issue', 'must be the number of an issue'],
    [{ repository, issue: 0, token }, 'issue', 'must be the number of an issue'],
    [{ repository, mergeRequest: '7/../8', token }, 'mergeRequest', 'must be the number'],
    [{ repository: 'models', issue: 7, token }, 'repository', 'must be owner/name on GitHub'],
    [{ repository: 'a/b/c', issue: 7, token }, 'repository', 'must be owner/name on GitHub'],
    [{ repository: 'acme/..', issue: 7, token }, 'repository', 'must be owner/name'],
    [{ repository: 'a/b?x=y', issue: 7, token }, 'repository', 'must be owner/name'],
    [{ repository, issue: 7, token: 'a b' }, 'token', 'without spaces'],
    [{ repository, issue: 7, token, apiUrl: 'gitlab.com' }, 'apiUrl', 'begins with https://'],
    [{ repository, issue: 7, token, apiUrl: 'https://x.example/?a=b' }, 'apiUrl', 'without a query'],
    [
      { repository, issue: 7, token, apiUrl: 'https://github.com/acme' },
      'apiUrl',
      'the API is at https://api.github.com',
    ],
    [{ repository, issue: 7, token, platform: 'bitbucket' }, 'platform', 'github, gitlab'],
    [{ repository, issue: 7, token, comment: 'edit' }, 'comment', 'new or update'],
  ],
  secrets: ['token'],
  http: (apiUrl) => ({ repository, issue: 7, token, apiUrl, platform: 'github' }),
})

const platforms = [
  ['github', { issue: 7 }],
  ['gitlab', { mergeRequest: 7, issue: 1 }],
] as const

describe.each(platforms)('a comment on %s', (platform, where) => {
  let fake: FakeGit
  let http: HttpDoor
  beforeEach(async () => {
    fake = await startFakeGit(platform)
    http = testHttp()
  })
  afterEach(async () => {
    http.close()
    await fake.close()
  })

  const settings = (more: JsonObject = {}) =>
    settingsOf(git, { repository, ...where, token, apiUrl: fake.url, platform, ...more })
  const send = (more: JsonObject = {}, message: Message = firing, context: Partial<SendContext> = {}) => {
    const given = settings(more)
    return git.send(git.render(message), given, contextOf({ http, ...context }))
  }
  const requests = () => fake.receiver.received.map(({ method }) => method)

  test('is written with a hidden marker, and its number is kept', async () => {
    const { reference, response } = await send()
    expect(fake.comments).toHaveLength(1)
    expect(fake.comments[0]?.body).toContain('### 🔴 Model drift is high')
    expect(fake.comments[0]?.body).toEndWith('\n\n<!-- tocsin:msg_000000001abcdefgh -->')
    expect(reference).toMatchObject({ comment: '101' })
    expect(response).toMatch(platform === 'github' ? /^201 https:.*#issuecomment-101$/ : /^201 comment 101$/)
  })

  test('is a new one each time, or the first one changed', async () => {
    const { reference: previous = {} } = await send()
    const resolved = messages['resolved'] ?? firing
    await send({}, resolved, { previous, deliveryId: 'msg_2' })
    expect(fake.comments).toHaveLength(2)
    const { reference } = await send({ comment: 'update' }, resolved, { previous, deliveryId: 'msg_3' })
    expect(fake.comments).toHaveLength(2)
    expect(fake.comments[0]?.body).toContain('✅ Resolved')
    expect(fake.comments[0]?.body).toEndWith('<!-- tocsin:msg_3 -->')
    expect(reference).toEqual(previous)
  })

  test('is written anew when the first one was removed, or is of another issue', async () => {
    const { reference: previous = {} } = await send()
    fake.comments.length = 0
    await send({ comment: 'update' }, firing, { previous, deliveryId: 'msg_2' })
    expect([requests().slice(1), fake.comments.length]).toEqual([[platform === 'github' ? 'PATCH' : 'PUT', 'POST'], 1])
    const elsewhere = { ...previous, at: 'https://elsewhere.example/comments' }
    await send({ comment: 'update' }, firing, { previous: elsewhere, deliveryId: 'msg_3' })
    expect(requests().at(-1)).toBe('POST')
  })

  test('of which nobody knows whether it arrived is looked for before it is written again', async () => {
    fake.next('reset', 'late')
    expect(await failureOf(send())).toMatchObject({ outcome: 'unknown', reason: 'reset' })
    expect(fake.comments).toHaveLength(1)
    const found = await git.probe(settings(), contextOf({ http }))
    expect(found).toMatchObject({ reference: { comment: '101' } })
    const other = await git.probe(settings(), contextOf({ http, deliveryId: 'msg_9' }))
    expect(other).toBe('notSent')
  })

  test('that changed another is found too', async () => {
    const { reference: previous = {} } = await send()
    fake.next('hang', 'late')
    const update = settings({ comment: 'update', timeoutSeconds: 1 })
    const sending = git.send(git.render(firing), update, contextOf({ http, previous, deliveryId: 'msg_2' }))
    expect(await failureOf(sending)).toMatchObject({ outcome: 'unknown', reason: 'timeout' })
    const found = await git.probe(update, contextOf({ http, deliveryId: 'msg_2' }))
    expect(found).toMatchObject({ reference: previous })
  })

  test('cannot be found out about among too many others, nor without permission', async () => {
    for (let id = 0; id < 100; id += 1) fake.comments.push({ id, body: 'x'.repeat(5000) })
    const probe = (more: JsonObject = {}) => git.probe(settings(more), contextOf({ http }))
    expect(await probe()).toBe('unknown')
    fake.comments.pop()
    expect(await probe()).toBe('notSent')
    expect(await probe({ token: 'revoked' })).toBe('unknown')
  })

  test.each(['reset', 'garbage', { status: 500 }, { status: 429, retryAfter: 9 }] as const)(
    'is asked about again later when the answer is %j',
    async (reply) => {
      fake.next(reply)
      expect((await failureOf(git.probe(settings(), contextOf({ http })))).outcome).not.toBe('rejected')
    },
  )

  test('an answer that is cut off is no proof that it is not there', async () => {
    fake.next('half')
    expect(await git.probe(settings({ timeoutSeconds: 1 }), contextOf({ http }))).toBe('unknown')
  })

  test('is refused with a wrong token and in an unknown place', async () => {
    expect(await failureOf(send({ token: 'other' }))).toMatchObject({ reason: 'http-401' })
    const missing = await failureOf(send({ repository: 'acme/other' }))
    expect(missing).toMatchObject({ outcome: 'rejected', reason: 'http-404', disableChannel: false })
    expect(missing.message).toContain('or the token may not see it')
  })

  test('fits, however long the message is', async () => {
    for (const message of Object.values(messages)) await send({}, message)
    const rows = Array.from({ length: 5000 }, (_, row) => [`${row}`, '<$&>'.repeat(40)])
    const code = `${'`'.repeat(50)}\n`.repeat(2000)
    await send({}, { ...firing, code, table: { columns: ['a', 'b'], rows, more: 1 }, paragraphs: ['$'.repeat(40_000)] })
    expect(fake.comments.at(-1)?.body).toMatch(/\n\n\+4\d{3} more rows\n\n/)
    expect(fake.comments.at(-1)?.body).toContain('A part of this message was too long')
  })
})

describe('a limit on the rate of requests', () => {
  const body = (message: string) => JSON.stringify({ message })
  const cases: [
    name: string,
    status: number,
    headers: Record<string, string>,
    body: string,
    wait: number | undefined,
  ][] = [
    ['in seconds', 403, { 'retry-after': '30' }, '', 30_000],
    ['in seconds', 429, { 'retry-after': '30' }, '', 30_000],
    [
      'as the time it ends',
      403,
      { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': `${now / 1000 + 90}` },
      '',
      90_000,
    ],
    ['as the time it ended', 403, { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': `${now / 1000 - 9}` }, '', 0],
    ['as GitLab says it', 429, { 'ratelimit-remaining': '0', 'ratelimit-reset': `${now / 1000 + 5}` }, '', 5000],
    ['in words', 403, {}, body('You have exceeded a secondary rate limit.'), 60_000],
    ['in words', 403, {}, body('You have triggered an abuse detection mechanism.'), 60_000],
    ['without any', 429, {}, '', undefined],
  ]
  test.each(cases)('%s: %d %j %j', (_name, status, headers, text, wait) => {
    const failure = gitFailure({ status, headers, body: text }, now)
    expect(failure).toMatchObject({ outcome: 'retryable', reason: `http-${status}` })
    expect(failure?.retryAfter as number).toBe(wait as number)
  })
  test('is none where something is left of it', () => {
    const headers = { 'x-ratelimit-remaining': '4999', 'x-ratelimit-reset': `${now / 1000 + 90}` }
    const failure = gitFailure({ status: 403, headers, body: body('Resource not accessible by token') }, now)
    expect(failure).toMatchObject({
      outcome: 'rejected',
      reason: 'http-403',
      message: expect.stringContaining('Issues'),
    })
  })
  test('says of a refused comment why', () => {
    expect(gitFailure({ status: 422, headers: {}, body: '' }, now)?.message).toContain('too long')
  })
})

describe('where a comment goes', () => {
  const urlOf = async (given: JsonObject) => {
    const asked: string[] = []
    const request = (wanted: { method: string; url: string }) => {
      asked.push(`${wanted.method} ${wanted.url}`)
      return Promise.resolve({ status: 201, headers: {}, body: '{}' })
    }
    await git.send('x', settingsOf(git, { token, ...given }), contextOf({ http: { ...testHttp(), request } }))
    return asked[0] ?? ''
  }
  test.each([
    [{ repository, issue: 7 }, 'https://api.github.com/repos/acme/models/issues/7/comments'],
    [{ repository, mergeRequest: 7 }, 'https://api.github.com/repos/acme/models/issues/7/comments'],
    [
      { repository, issue: 7, apiUrl: 'https://git.example.com/api/v3/' },
      'https://git.example.com/api/v3/repos/acme/models/issues/7/comments',
    ],
    [{ repository, issue: 7, platform: 'gitlab' }, 'https://gitlab.com/api/v4/projects/acme%2Fmodels/issues/7/notes'],
    [
      { repository, mergeRequest: 7, issue: 1, platform: 'gitlab' },
      'https://gitlab.com/api/v4/projects/acme%2Fmodels/merge_requests/7/notes',
    ],
    [
      { repository, issue: 7, apiUrl: 'https://my-gitlab.example/api/v4' },
      'https://my-gitlab.example/api/v4/projects/acme%2Fmodels/issues/7/notes',
    ],
  ])('%j: %s', async (given, url) => {
    expect(await urlOf(given)).toBe(`POST ${url}`)
  })
  test('destinations differ by platform, host and token', () => {
    const at = (given: JsonObject) => git.destination(settingsOf(git, { repository, issue: 7, token, ...given }))
    expect(at({})).toMatch(/^github github\.com#[0-9a-f]{8}$/)
    expect(at({ repository: 'acme/other' })).toBe(at({}))
    expect(
      new Set([at({}), at({ token: 'x' }), at({ platform: 'gitlab' }), at({ apiUrl: 'https://a.example' })]).size,
    ).toBe(4)
  })
})

test("a route's own body is the comment, but cannot play a marker", () => {
  const body = { text: 'mine <!-- tocsin:msg_1 -->', contentType: 'text/plain' } as const
  expect(git.render({ ...firing, body })).toBe('mine <!-- msg_1 -->')
})

const tableAndText = 'a code h3 p strong sub table tbody td th thead tr'.split(' ')
const withJudge = await skipUnless(serverPackages)

withJudge('read as GitHub reads it', async () => {
  const render = await githubMarkdown()
  test('a message has its parts', () => {
    const html = render(commentText({ ...firing, code: 'last line', image: 'https://x.example/a.png' }))
    expect(elements(html)).toEqual([...tableAndText, 'em', 'img', 'li', 'pre', 'ul'].sort())
    expect(shownText(html)).toContain('churn_v3')
    expect(html).toContain('<a href="https://grafana.example.com/d/1?from=now-1h&amp;to=now">Dashboard</a>')
    expect(html).toContain('<a href="https://tocsin.example.com/evaluations/evl_1">why?</a>')
  })
  test('a hostile one is text, and links nowhere but where its one harmless address leads', () => {
    const html = render(commentText(messages['hostile'] ?? firing))
    const allowed = [...tableAndText, 'br', 'li', 'pre', 'ul']
    expect(elements(html).filter((name) => !allowed.includes(name))).toEqual([])
    expect([...html.matchAll(/href="([^"]*)"/g)].map(([, url]) => new URL(url ?? '').origin)).toEqual([
      'https://example.com',
      'https://tocsin.example.com',
    ])
    const outsideCode = html.replace(/<code>[\s\S]*?<\/code>/g, '').replace(/<[^>]*>/g, '')
    expect(outsideCode).not.toMatch(/@(everyone|U123)|<!/)
    expect(shownText(html)).toContain('<script>alert(1)</script></td></b>')
    expect(shownText(html)).toContain('&lt;already&gt; & "quoted"')
  })
})
