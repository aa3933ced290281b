import { type Receiver, type Reply, startReceiver } from './receiver.ts'

/** What a request of `sendMail` held. */
export interface GraphRequest {
  path: string
  authorization: string
  body: {
    message: {
      subject: string
      body: { contentType: string; content: string }
      toRecipients: { emailAddress: { address: string; name?: string } }[]
      attachments: { name: string; contentBytes: string }[]
      internetMessageId: string
      singleValueExtendedProperties?: { id: string; value: string }[]
      [key: string]: unknown
    }
    saveToSentItems: boolean
  }
}

/** A login and a Graph that take everything, until they are told to misbehave. */
export interface FakeGraph {
  receiver: Receiver
  /** Settings of a channel that sends through it. */
  settings: { tenantId: string; clientId: string; clientSecret: string; graphUrl: string; loginUrl: string }
  /** How the login, and how `sendMail`, answer from now on; null for as in the beginning. */
  login(reply: Answer | null): void
  mail(reply: Answer | null): void
  /** Forms the login got, in order. */
  logins(): Record<string, string>[]
  mails(): GraphRequest[]
  close(): Promise<void>
}

type Answer = Reply | ((count: number) => Reply)

/** An error as Graph words it. */
export function graphError(status: number, code: string, more: { retryAfter?: number | string } = {}): Reply {
  const error = { code, message: `It is ${code}.`, innerError: { 'request-id': 'r-1' } }
  return { status, headers: { 'content-type': 'application/json' }, body: JSON.stringify({ error }), ...more }
}

/** An error as the login words it. */
export function loginError(status: number, error: string, number: number): Reply {
  const body = { error, error_description: `AADSTS${number}: Something about it.`, error_codes: [number] }
  return { status, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
}

/** A token of the login; each is another. */
export function token(number: number, life: unknown = 3599): Reply {
  const body = { token_type: 'Bearer', expires_in: life, access_token: `canary-token-${number}` }
  return { status: 200, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
}

export async function startGraph(): Promise<FakeGraph> {
  const receiver = await startReceiver()
  let login: Answer | null = null
  let mail: Answer | null = null
  const isLogin = (path: string) => path.endsWith('/oauth2/v2.0/token')
  const of = (answer: Answer | null, count: number, usual: Reply) =>
    answer === null ? usual : typeof answer === 'function' ? answer(count) : answer
  receiver.reply(({ path }) => {
    const count = receiver.received.filter((request) => isLogin(request.path) === isLogin(path)).length
    return isLogin(path) ? of(login, count, token(count)) : of(mail, count, { status: 202, body: '' })
  })
  return {
    receiver,
    settings: {
      tenantId: '11111111-2222-3333-4444-555555555555',
      clientId: '66666666-7777-8888-9999-000000000000',
      clientSecret: 'canary-secret',
      graphUrl: receiver.url,
      loginUrl: receiver.url,
    },
    login(reply) {
      login = reply
    },
    mail(reply) {
      mail = reply
    },
    logins: () =>
      receiver.received
        .filter(({ path }) => isLogin(path))
        .map(({ body }) => Object.fromEntries(new URLSearchParams(body))),
    mails: () =>
      receiver.received
        .filter(({ path }) => !isLogin(path))
        .map(({ path, headers, body }) => ({
          path,
          authorization: headers['authorization'] ?? '',
          body: JSON.parse(body) as GraphRequest['body'],
        })),
    close: () => receiver.close(),
  }
}
