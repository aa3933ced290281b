import * as v from 'valibot'
import type { Channel, SendContext } from '../../src/channels/channel.ts'
import { DeliveryError } from '../../src/channels/failure.ts'
import { createTargetOpener } from '../../src/deliver/resolve-target.ts'
import { createWorker, type Worker, type WorkerOptions } from '../../src/deliver/worker.ts'
import { createLog } from '../../src/log.ts'
import type { Delivery, NewDelivery } from '../../src/model/delivery.ts'
import { blankMessage, type Message, type MessageKind } from '../../src/model/message.ts'
import { createPrograms } from '../../src/programs.ts'
import { createStore, type Store } from '../../src/store/index.ts'
import { testHttp } from './egress.ts'
import { type ManualClock, manualClock } from './manual-clock.ts'
import { type TempDatabase, tempDatabase } from './temp-database.ts'

/** A delivery as a rule would queue it, with what the test changes. */
export function newDelivery(changes: Partial<NewDelivery> & { id: string }): NewDelivery {
  const { kind = 'firing' } = changes
  return {
    project: 'default',
    ruleId: 'rul_1',
    evaluationId: 'evl_1',
    route: 'hook',
    fingerprints: ['a'],
    target: target('one'),
    kind,
    message: newMessage(kind),
    createdAt: 0,
    ...changes,
  }
}

/** An inline target of the scripted channel. */
export function target(destination: string, kind = 'script'): NewDelivery['target'] {
  return { channelId: null, kind, destination, settings: { to: destination }, sealed: null }
}

export function newMessage(kind: MessageKind = 'firing', title = 'Disk full'): Message {
  const texts = { summary: 'The disk is full.', why: 'The condition was true.', rule: 'Disks' }
  return blankMessage(kind, 0, { title, severity: 'warning', ...texts })
}

/** One send as the scripted channel saw it. */
export interface Send {
  id: string
  attempt: number
  at: number
  to: string
  previous: unknown
}

/** What the script wants: an answer, or a failure. */
export type Play = (send: Send, context: SendContext) => Promise<string> | string

const scriptSettings = v.object({
  to: v.string(),
  password: v.optional(v.string()),
  timeoutSeconds: v.optional(v.number()),
})

/** A channel that does in-process what the test says, and keeps what it got. */
export function scriptedChannel(play: Play, changes: Partial<Channel<typeof scriptSettings>> = {}) {
  const sends: Send[] = []
  const channel: Channel<typeof scriptSettings> = {
    kind: 'script',
    label: 'Script',
    documentation: '',
    settings: scriptSettings,
    limits: { inFlight: 32, retries: 'webhook' },
    idempotent: true,
    destination: ({ to }) => to,
    render: (message) => message,
    async send(_payload, { to }, context) {
      const send = {
        id: context.deliveryId,
        attempt: context.attempt,
        at: context.now,
        to,
        previous: context.previous,
      }
      sends.push(send)
      return { response: await play(send, context) }
    },
    ...changes,
  }
  return { channel, sends }
}

export function failure(
  outcome: 'rejected' | 'retryable' | 'unknown',
  reason: string,
  more: ConstructorParameters<typeof DeliveryError>[3] = {},
): DeliveryError {
  return new DeliveryError(outcome, reason, `It failed with ${reason}.`, more)
}

export interface Outbox {
  temp: TempDatabase
  clock: ManualClock
  store: Store
  worker: Worker
  /** Names and fields of the events logged. */
  events: { event: string; [field: string]: unknown }[]
  /** The delivery as it is stored. */
  stored(id: string): Promise<Delivery>
  /** Lets everything happen that can without time passing. */
  settle(): Promise<void>
  /** Moves on by `ms` and settles. */
  pass(ms: number): Promise<void>
  close(): Promise<void>
}

/** A store and a worker that sends through the given channels; jitter is none. */
export function outbox(
  channels: Channel[],
  options: Partial<WorkerOptions> = {},
  temp: TempDatabase = tempDatabase(manualClock(0)),
): Outbox {
  const { clock } = temp
  const store = createStore(temp.database, clock)
  const events: Outbox['events'] = []
  const channelOf = (kind: string) => channels.find((channel) => channel.kind === kind)
  const secrets = { open: (sealed: string) => sealed }
  const http = testHttp()
  const worker = createWorker({
    store,
    channelOf,
    openTarget: createTargetOpener({
      channels: store.channels,
      projectSecrets: store.notificationLists,
      channelOf,
      secrets,
    }),
    http,
    clock,
    log: createLog((line) => events.push(JSON.parse(line)), 'debug', clock),
    print: () => {},
    programs: createPrograms([]),
    random: () => 0,
    ...options,
  })
  const settle = async () => {
    // A turn takes a few rounds of the event loop: claim, send, record, claim again.
    for (let round = 0; round < 12; round += 1) await new Promise<void>((resolve) => setImmediate(resolve))
  }
  return {
    temp,
    clock,
    store,
    worker,
    events,
    settle,
    async stored(id) {
      const found = await store.deliveries.get(id)
      if (found === undefined) throw new Error(`There is no delivery ${id}.`)
      return found.delivery
    },
    async pass(ms) {
      clock.advance(ms)
      await settle()
    },
    async close() {
      const end = worker.stop(0)
      await settle()
      clock.advance(2000)
      await end
      http.close()
      temp[Symbol.dispose]()
    },
  }
}
