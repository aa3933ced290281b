import { afterAll, beforeAll, expect, test } from 'bun:test'
import { closeCache } from '../../../src/channels/cache.ts'
import { mail } from '../../../src/channels/mail.ts'
import type { JsonObject } from '../../../src/model/json.ts'
import type { Message } from '../../../src/model/message.ts'
import { testHttp } from '../../support/egress.ts'
import { type Exim, exim, startExim } from '../../support/exim.ts'
import { serverPackages, skipUnless } from '../../support/requirements.ts'
import { eventually } from '../../support/servers.ts'
import { contextOf, failureOf, settingsOf } from '../contract.ts'
import { firing, messages } from '../messages.ts'

const here = await skipUnless(serverPackages, exim)

here('mail through Exim', () => {
  const http = testHttp()
  const cache = new Map<string, unknown>()
  let server: Exim
  let number = 0

  const send = async (given: JsonObject, message: Message = firing) => {
    const settings = settingsOf(mail, {
      host: 'localhost',
      sender: 'Tocsin <alerts@example.com>',
      to: 'ops@example.com',
      ...given,
    })
    const deliveryId = `msg_exim${++number}`
    const receipt = await mail.send(mail.render(message, settings), settings, contextOf({ http, cache, deliveryId }))
    return { receipt, messageId: `<${deliveryId}@example.com>` }
  }
  const arrived = (messageId: string) =>
    eventually(async () => {
      const found = (await server.mails()).find((one) => one.messageId === messageId)
      if (found === undefined) throw new Error(`${messageId} is not there yet.`)
      return found
    })
  const secured = () => ({ tls: 'starttls', port: server.ports.starttls, ...server.login })

  beforeAll(async () => {
    server = await startExim()
  })
  afterAll(async () => {
    closeCache(cache)
    http.close()
    await server.idle()
  })

  test.each(Object.keys(messages))('is read back from its folder: "%s"', async (name) => {
    const message = messages[name] ?? firing
    const { receipt, messageId } = await send(secured(), message)
    expect(receipt.response).toMatch(/^250 OK id=/)
    const got = await arrived(messageId)
    const payload = mail.render(message, settingsOf(mail, { host: 'x', sender: 'a@example.com' }))
    expect(got.subject ?? '').toBe(payload.subject)
    // The parser makes a text of the HTML where there is none.
    if (payload.text !== '') expect(got.text.trim().replaceAll('\r\n', '\n')).toBe(payload.text.trim())
    expect(String(got.html).trim()).toBe((payload.html ?? '').trim())
    expect(got.headers.get('auto-submitted')).toBe('auto-generated')
    expect([got.to.text, got.headers.has('bcc')]).toEqual(['ops@example.com', false])
    expect(
      got.source
        .split('\r\n\r\n')[0]
        ?.split('\n')
        .every((line) => line.length < 999),
    ).toBe(true)
  })

  test('goes with TLS from the first byte, and plain where that is wanted', async () => {
    for (const given of [
      { ...secured(), tls: 'implicit', port: server.ports.implicit },
      { tls: 'none', port: server.ports.plain },
    ])
      await arrived((await send(given)).messageId)
  })

  test('reaches blind recipients without naming them', async () => {
    const { messageId } = await send({ ...secured(), bcc: 'audit@example.com' })
    await eventually(async () => {
      const copies = (await server.mails()).filter((one) => one.messageId === messageId)
      const envelopes = copies.map(({ source }) => /^Envelope-to: (.*)$/m.exec(source)?.[1])
      expect(envelopes.toSorted()).toEqual(['audit@example.com', 'ops@example.com'])
      for (const { source } of copies) expect(source.replace(/^Envelope-to: .*$/m, '')).not.toContain('audit')
    })
  })

  test('carries files whole', async () => {
    const content = Buffer.from(Array.from({ length: 60_000 }, (_, index) => index % 256)).toString('base64')
    const attachments = [{ name: 'Größe der Daten.bin', contentType: 'application/octet-stream', content }]
    const { messageId } = await send(secured(), { ...firing, attachments })
    const [file] = (await arrived(messageId)).attachments
    expect(file?.filename).toBe('Größe der Daten.bin')
    expect(file?.content.toString('base64')).toBe(content)
  })

  test.each([
    ['to somebody it refuses', () => ({ ...secured(), to: 'a@refused.test' }), 'rejected', 'smtp-550'],
    ['to somebody it does not take yet', () => ({ ...secured(), to: 'a@greylist.test' }), 'retryable', 'smtp-451'],
    ['without a log-in', () => ({ tls: 'starttls', port: server.ports.starttls }), 'rejected', 'smtp-530'],
    ['with a wrong password', () => ({ ...secured(), password: 'canary' }), 'rejected', 'smtp-535'],
    ['by STARTTLS it does not offer', () => ({ ...secured(), port: server.ports.plain }), 'retryable', 'tls'],
    ['under a certificate of another host', () => ({ ...secured(), port: server.ports.wrongHost }), 'retryable', 'tls'],
  ] as const)('%s fails as it should', async (_name, given, outcome, reason) => {
    const failure = await failureOf(send(given()))
    expect(failure).toMatchObject({ outcome, reason })
    expect(JSON.stringify([failure.message, failure.response])).not.toContain('canary')
  })

  test('that is too large is refused for good, with the size', async () => {
    const content = Buffer.alloc(300_000).toString('base64')
    const attachments = [{ name: 'a.bin', contentType: 'application/octet-stream', content }]
    const failure = await failureOf(send(secured(), { ...firing, attachments }))
    expect(failure).toMatchObject({ outcome: 'rejected', reason: 'smtp-552' })
  })

  test('reaches those of several whom it takes, and names the others', async () => {
    const { receipt, messageId } = await send({ ...secured(), to: 'ops@example.com; gone@refused.test' })
    expect(receipt.response).toContain('gone@refused.test was refused (550')
    expect((await arrived(messageId)).source).toContain('Envelope-to: ops@example.com')
  })
})
