import * as v from 'valibot'
import type { Message } from '../model/message.ts'
import { field } from '../model/settings.ts'
import type { Channel, Receipt, SendContext } from './channel.ts'
import { cut } from './content/clean.ts'
import { DeliveryError } from './failure.ts'

const DAY = 86_400_000

const settings = v.strictObject({
  retentionDays: v.pipe(
    v.optional(
      v.pipe(
        v.number('must be a number of days'),
        v.integer('must be a whole number of days'),
        v.minValue(1, 'must be 1 day at least'),
        v.maxValue(3650, 'must be 3650 days at most'),
      ),
      90,
    ),
    field({ title: 'Kept for', hint: 'Days after which a message is forgotten, read or not.' }),
  ),
})

type Settings = v.InferOutput<typeof settings>

/** What is kept of the parts of a message, in characters and in number. */
const most = {
  title: 500,
  text: 20_000,
  value: 2000,
  cell: 500,
  paragraphs: 20,
  facts: 50,
  rows: 100,
  links: 50,
  alerts: 200,
}

export const inbox = {
  kind: 'inbox',
  label: 'Inbox in Tocsin',
  documentation: 'https://en.wikipedia.org/wiki/Notification_system',
  settings,
  limits: { title: most.title, rows: most.rows, inFlight: 32, retries: 'chat' },
  idempotent: true,
  destination: () => 'inbox',
  render(message: Message): Message {
    const { table, code, body, ...rest } = message
    const rows = table?.rows.slice(0, most.rows).map((cells) => cells.map((cell) => cut(cell, most.cell))) ?? []
    return {
      ...rest,
      title: cut(message.title, most.title),
      summary: cut(message.summary, most.text),
      paragraphs: message.paragraphs.slice(0, most.paragraphs).map((text) => cut(text, most.text)),
      facts: message.facts
        .slice(0, most.facts)
        .map(({ name, value }) => ({ name: cut(name, most.cell), value: cut(value, most.value) })),
      ...(table === undefined ? {} : { table: { ...table, rows, more: table.more + table.rows.length - rows.length } }),
      ...(code === undefined ? {} : { code: cut(code, most.text) }),
      links: message.links.slice(0, most.links),
      attachments: [],
      alerts: message.alerts.slice(0, most.alerts),
      ...(body === undefined ? {} : { body: { ...body, text: cut(body.text, most.text) } }),
    }
  },
  async send(message: Message, { retentionDays }: Settings, { now, signal }: SendContext): Promise<Receipt> {
    if (signal.aborted) throw new DeliveryError('retryable', 'aborted', 'The send was stopped.')
    return { response: `kept for ${retentionDays} days`, inbox: { message, until: now + retentionDays * DAY } }
  },
} satisfies Channel<typeof settings, Message>
