import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import { slack } from '../../src/channels/slack.ts'
import { newId } from '../../src/ids.ts'
import type { JsonObject } from '../../src/model/json.ts'
import type { MessageKind } from '../../src/model/message.ts'
import { newDelivery, newMessage, type Outbox, outbox } from '../support/deliveries.ts'
import { manualClock } from '../support/manual-clock.ts'
import { type Receiver, startReceiver } from '../support/receiver.ts'
import { eventually } from '../support/servers.ts'
import { tempDatabase } from '../support/temp-database.ts'
import { now, settingsOf } from './contract.ts'

let receiver: Receiver
let box: Outbox
let seen = 0
beforeAll(async () => {
  receiver = await startReceiver()
})
afterAll(() => receiver.close())
beforeEach(async () => {
  seen = receiver.received.length
  box = outbox([slack], {}, tempDatabase(manualClock(now)))
  await box.worker.start()
})
afterEach(() => box.close())

const posted = JSON.stringify({ ok: true, channel: 'C1', ts: '1700000000.000100' })
const calls = () => receiver.received.slice(seen).map(({ path }) => path.replace(/^\/api\/|\?.*/g, ''))

async function queue(given: JsonObject, kind: MessageKind = 'firing'): Promise<string> {
  const id = newId('msg', box.clock.now())
  const settings = settingsOf(slack, given)
  const destination = slack.destination(settings)
  const target = { channelId: null, kind: 'slack', destination, settings: settings as JsonObject, sealed: null }
  await box.store.deliveries.enqueue([
    newDelivery({ id, kind, target, message: newMessage(kind), createdAt: box.clock.now() }),
  ])
  return id
}

/** Lets time pass until the delivery is in that state. */
async function until(id: string, state: string) {
  return eventually(async () => {
    const delivery = await box.stored(id)
    if (delivery.state === 'pending') await box.pass(5000)
    if (delivery.state !== state) throw new Error(`It is ${delivery.state}.`)
    return delivery
  })
}

const bot = () => ({ mode: 'bot', token: 'xoxb-1', channel: 'C1', apiUrl: `${receiver.url}/api` })

describe('a message to Slack whose answer is lost', () => {
  test('is never posted twice by a webhook', async () => {
    receiver.reply('reset')
    await until(await queue({ webhookUrl: `${receiver.url}/services/x` }), 'unknown')
    expect(calls()).toEqual(['/services/x'])
  })

  test('is not posted again by a bot that finds it', async () => {
    receiver.reply(({ path, body }) => {
      if (!path.includes('conversations.history')) return 'reset'
      const { metadata } = JSON.parse(receiver.received.find((one) => one.body.includes(id))?.body ?? body)
      return { status: 200, body: JSON.stringify({ ok: true, messages: [{ metadata }] }) }
    })
    const id = await queue(bot())
    await until(id, 'delivered')
    expect(calls()).toEqual(['chat.postMessage', 'conversations.history'])
  })

  test('is posted again by a bot that does not find it', async () => {
    let lost = false
    receiver.reply(({ path }) => {
      if (path.includes('conversations.history')) return { status: 200, body: '{"ok":true,"messages":[]}' }
      if (lost) return { status: 200, body: posted }
      lost = true
      return 'reset'
    })
    await until(await queue(bot()), 'delivered')
    expect(calls()).toEqual(['chat.postMessage', 'conversations.history', 'chat.postMessage'])
  })
})

test('the end of an alert answers its first message, by what Slack said of that', async () => {
  receiver.reply({ status: 200, body: posted })
  await until(await queue(bot()), 'delivered')
  await until(await queue(bot(), 'resolved'), 'delivered')
  const [, end] = receiver.received.slice(seen).map(({ body }) => JSON.parse(body))
  expect(end).toMatchObject({ channel: 'C1', thread_ts: '1700000000.000100' })
})
