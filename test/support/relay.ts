import * as v from 'valibot'
import type { Channel } from '../../src/channels/channel.ts'
import { DeliveryError } from '../../src/channels/failure.ts'
import { channels } from '../../src/channels/index.ts'
import type { Message } from '../../src/model/message.ts'

const settings = v.strictObject({
  /** Recipients, parted by semicolons; each gets a delivery, and the name before its `@` as a variable. */
  to: v.pipe(v.string(), v.nonEmpty('must not be empty')),
  subject: v.optional(v.string(), ''),
  /** Paced apart from other rooms. */
  room: v.optional(v.string(), ''),
  pager: v.optional(v.number('must be a number')),
})

/** What a recipient got. */
export interface Relayed {
  to: string
  subject: string
  kind: Message['kind']
  summary: string
}

/** A kind of channel that gives each recipient a delivery, and takes or refuses it as the test says. */
export interface Relay extends Disposable {
  got: Relayed[]
  /** Outcomes of the attempts for a recipient from now on; delivered unless set. */
  answer(to: string, outcome: 'delivered' | 'rejected' | 'retryable' | 'unknown'): void
}

/** Adds the kind `relay` to those there are, until it is disposed of. */
export function addRelay(): Relay {
  const got: Relayed[] = []
  const answers = new Map<string, 'delivered' | 'rejected' | 'retryable' | 'unknown'>()
  const relay: Channel<typeof settings, Relayed> = {
    kind: 'relay',
    label: 'Relay',
    documentation: 'https://example.com/relay',
    settings,
    limits: { inFlight: 8, retries: 'chat' },
    idempotent: false,
    split: ({ to = '' }) =>
      to.includes(';')
        ? to.split(';').map((text) => {
            const recipient = text.trim()
            if (recipient === '') throw new RangeError('A recipient is empty.')
            return {
              recipient,
              settings: { to: recipient },
              variables: { mailVariables_name: recipient.split('@')[0] ?? '' },
            }
          })
        : [],
    destination: () => 'relay',
    place: ({ room = '' }) => room,
    render: ({ kind, summary }, { to, subject }) => ({ to, subject, kind, summary }),
    async send(payload) {
      const outcome = answers.get(payload.to) ?? 'delivered'
      if (outcome !== 'delivered') throw new DeliveryError(outcome, 'scripted', `The relay answered ${outcome}.`)
      got.push(payload)
      return { response: 'taken' }
    },
  }
  const kinds = channels as Record<string, Channel>
  kinds['relay'] = relay as Channel
  return {
    got,
    answer: (to, outcome) => void answers.set(to, outcome),
    [Symbol.dispose]: () => void delete kinds['relay'],
  }
}
