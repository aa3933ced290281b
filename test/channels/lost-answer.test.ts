import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import type { Channel } from '../../src/channels/channel.ts'
import { slack } from '../../src/channels/slack.ts'
import { teams } from '../../src/channels/teams.ts'
import { newId } from '../../src/ids.ts'
import type { JsonObject } from '../../src/model/json.ts'
import type { MessageKind } from '../../src/model/message.ts'
import { newDelivery, newMessage, type Outbox, outbox } from '../support/deliveries.ts'
import { manualClock } from '../support/manual-clock.ts'
import { type Receiver, type Reply, startReceiver } from '../support/receiver.ts'
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
  box = outbox([slack, teams], {}, tempDatabase(manualClock(now)))
  await box.worker.start()
})
afterEach(() => box.close())

const posted = JSON.stringify({ ok: true, channel: 'C1', ts: '1700000000.000100' })
const calls = () => receiver.received.slice(seen).map(({ path }) => path.replace(/^\/api\/|\?.*/g, ''))

async function queue(given: JsonObject, kind: MessageKind = 'firing', channel: Channel = slack): Promise<string> {
  const id = newId('msg', box.clock.now())
  const settings = settingsOf(channel, given) as JsonObject
  const destination = channel.destination(settings)
  const target = { channelId: null, kind: channel.kind, destination, settings, sealed: null }
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

describe.each([
  ['a webhook of Slack', slack],
  ['a flow of Teams', teams],
] as [string, Channel][])('a message to %s whose answer is lost', (_name, channel) => {
  const given = () => ({ webhookUrl: `${receiver.url}/services/x` })
  const sent = (more: JsonObject) => queue({ ...given(), ...more }, 'firing', channel)

  test.each([['reset'], [{ status: 500 }]] as [Reply][])('is sent again: %j', async (reply) => {
    let lost = false
    receiver.reply(() => {
      if (lost) return { status: 200, body: 'ok' }
      lost = true
      return reply
    })
    const id = await sent({})
    await until(id, 'delivered')
    expect(calls()).toEqual(['/services/x', '/services/x'])
    const { attempts } = (await box.store.deliveries.get(id)) ?? expect.unreachable()
    expect(attempts.map(({ outcome }) => outcome)).toEqual(['unknown', 'delivered'])
  })

  test('is not where twice is worse than never', async () => {
    receiver.reply('reset')
    await until(await sent({ repeatUnknown: false }), 'unknown')
    expect(calls()).toEqual(['/services/x'])
  })

  test('is sent again by the next life of a process that was killed meanwhile', async () => {
    receiver.reply('hang')
    const id = await sent({})
    await receiver.until(seen + 1)
    const next = outbox([slack, teams], {}, box.temp)
    await next.worker.start()
    receiver.reply({ status: 200, body: 'ok' })
    await eventually(async () => {
      await next.pass(5000)
      expect((await next.stored(id)).state).toBe('delivered')
    })
    await next.worker.stop(0)
  })
})

describe('a message of a bot of Slack whose answer is lost', () => {
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
