import * as v from 'valibot'
import type { Channel } from '../channels/channel.ts'
import { channels } from '../channels/index.ts'
import { AppError, invalid } from '../errors.ts'
import { deadlineOf, stored } from '../flow/routes.ts'
import { sharedOut, valueFormOf } from '../flow/shares.ts'
import { newId } from '../ids.ts'
import { type Delivery, finalStates, type NewDelivery, type Outcome, type Target } from '../model/delivery.ts'
import type { JsonObject } from '../model/json.ts'
import { blankMessage, type Message, type MessageKind, type RenderedBody, severities } from '../model/message.ts'
import { sentence } from '../model/reason.ts'
import { filled } from '../model/text.ts'
import { validate } from '../model/validate.ts'
import type { ChannelRow } from '../store/channels.ts'
import { identity } from './channels.ts'
import { type Caller, channelKind, find, type ManageContext } from './context.ts'
import { writerFor } from './send-about-run.ts'
import { anySettings, checkOverrides, kindOf, openSettings, sealSettings } from './settings.ts'

const text = (most: number) => v.pipe(v.string('must be text'), v.maxLength(most, `must be at most ${most} characters`))
const list = <Schema extends v.GenericSchema>(item: Schema) =>
  v.optional(v.pipe(v.array(item), v.maxLength(1000, 'must be at most 1000')))
const link = v.strictObject({ text: text(500), url: text(5_000) })

/** The keys of the message tree that a caller may give; those that only rules fill are not among them. */
export const givenMessage = v.strictObject({
  title: v.pipe(text(10_000), v.nonEmpty('must not be empty')),
  summary: v.optional(text(50_000), ''),
  severity: v.optional(v.picklist(severities, `must be one of ${severities.join(', ')}`), 'info'),
  paragraphs: list(text(50_000)),
  facts: list(v.strictObject({ name: text(500), value: text(5_000) })),
  table: v.optional(v.strictObject({ columns: v.array(text(500)), rows: v.array(v.array(text(5_000))) })),
  code: v.optional(text(50_000)),
  links: list(link),
  actions: list(link),
  image: v.optional(text(5_000)),
})

/** A message given by a caller. */
export const sendRequest = v.strictObject({
  message: givenMessage,
  settings: v.optional(anySettings, {}),
  /** The run it is about, whose variables all texts may use. */
  run: v.optional(filled(500)),
  engine: v.optional(v.picklist(['formula', 'liquid', 'jinja'], 'must be "formula", "liquid" or "jinja"'), 'formula'),
  /** A template of the channel's own form, such as a card, in place of the message. */
  body: v.optional(text(100_000)),
})

/** The message tree of what a caller gave, with what else is known of it. */
export function messageBy(
  kind: MessageKind,
  time: number,
  { table, ...rest }: v.InferOutput<typeof givenMessage>,
  more: Partial<Message>,
): Message {
  const given = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined))
  const message = blankMessage(kind, time, { ...given, ...more })
  return table === undefined ? message : { ...message, table: { ...table, more: 0 } }
}

type SendRequest = v.InferOutput<typeof sendRequest>
type Written = Pick<SendRequest, 'message' | 'settings'> & { body?: RenderedBody }

/** A test of a stored channel; `settings` are tried as if they were saved. */
export const testRequest = v.strictObject({ settings: v.optional(anySettings) })
/** A test of a channel that is not stored. */
export const draftTest = v.strictObject({
  kind: v.string('must be text'),
  settings: v.optional(anySettings, {}),
})

/** What became of a message that is waited for. `attempt` is null when it was not tried in time. */
export interface SendResult {
  delivery: string
  recipient: string
  state: Delivery['state']
  /** In words; empty when there is nothing to say. */
  reason: string
  /** `response` is the receiver's own answer, without secrets. Times are ms since 1970. */
  attempt: {
    outcome: Outcome | null
    reason: string | null
    response: string | null
    startedAt: number
    finishedAt: number | null
  } | null
}

/** How long a message is waited for, and how often it is looked at, in ms. */
const PATIENCE = 60_000
const LOOK = 50
/** The route of tests; secrets of channels that are not stored are sealed for it. */
const TEST = 'test'

export type ChannelSender = ReturnType<typeof manageChannelSends>

/** Messages that people send through a channel by hand, by the same way as those of rules. */
export function manageChannelSends(context: ManageContext) {
  const { store, secrets, clock } = context
  const named = (caller: Caller, idOrName: string) => find(store.channels, 'channel', caller.project, idOrName)
  const record = (caller: Caller, action: string, entityId: string, name: string) =>
    store.audit.record({ ...caller, action, entity: 'channel', entityId, detail: { name } })

  async function enqueue(caller: Caller, target: Target, message: Message, base: JsonObject): Promise<string[]> {
    const now = clock.now()
    const whole: NewDelivery = {
      id: newId('msg', now),
      project: caller.project,
      ruleId: null,
      evaluationId: null,
      route: message.kind === 'test' ? TEST : 'send',
      fingerprints: [],
      target,
      kind: message.kind,
      message,
      createdAt: now,
      deadlineAt: deadlineOf(target.kind, now),
    }
    const deliveries = sharedOut(whole, base)
    await store.deliveries.enqueue(deliveries)
    return deliveries.map(({ id }) => id)
  }

  function storedTarget(row: ChannelRow, overrides: JsonObject): Target {
    if (row.disabledReason !== null)
      throw new AppError('conflict', `The channel "${row.name}" is disabled: ${row.disabledReason}. Enable it first.`)
    const kind = kindOf<Channel>(channels, row.kind)
    const full = openSettings(row, secrets, identity(row.id))
    checkOverrides(kind, full, overrides, 'settings', false)
    const destination = kind.destination({ ...full, ...overrides })
    return { ...stored(row, overrides), destination }
  }

  /** A target of settings that are stored nowhere else; `before` are those whose secrets they may keep. */
  function draftTarget(kind: string, settings: JsonObject, before: JsonObject | null): Target {
    const seal = (plain: string) => secrets.seal(plain, `rules|null|${TEST}`)
    return { channelId: null, kind, ...sealSettings(channelKind(context, kind), settings, before, seal) }
  }

  /** The parts of a request with the variables of its run; what cannot be rendered is told as a fact, and costs no message. */
  async function aboutRun(project: string, row: ChannelRow, request: SendRequest): Promise<Written> {
    const { run, engine, body, message, settings } = request
    if (run === undefined) {
      if (body !== undefined) throw invalid('body', 'needs "run", the uid of the run it is about')
      return { message, settings }
    }
    const texts = JSON.stringify([message, settings, body])
    const writer = await writerFor(context, { project, uid: run, engine, texts })
    const written = (await writer.object(message as unknown as JsonObject)) as unknown as SendRequest['message']
    const form = valueFormOf(row.kind, { ...row.settings, ...settings }, body ?? '')
    const rendered = { settings: await writer.object(settings), body: body && (await writer.body(body, form)) }
    const errors = writer.errors.map((value) => ({ name: 'Template error', value }))
    if (errors.length > 0) errors.push(...writer.problems.map((value) => ({ name: 'Missing variable', value })))
    return {
      message: errors.length === 0 ? written : { ...written, facts: [...(written.facts ?? []), ...errors] },
      settings: rendered.settings,
      ...(rendered.body ? { body: rendered.body } : {}),
    }
  }

  function testMessage(caller: Caller, what: string): Message {
    const title = `Test of ${what}`
    const summary = 'If you can read this, messages of Tocsin arrive here.'
    return blankMessage('test', clock.now(), { title, summary, why: `Test sent by ${caller.actor}` })
  }

  return {
    /** Queues a message; answers the ids of its deliveries. */
    async send(caller: Caller, idOrName: string, input: unknown): Promise<string[]> {
      const wanted = validate(sendRequest, input)
      const row = await named(caller, idOrName)
      const about = await aboutRun(caller.project, row, wanted)
      const target = storedTarget(row, about.settings)
      const why = `Sent by ${caller.actor} through the API`
      const message = messageBy('message', clock.now(), about.message, { why })
      if (about.body !== undefined) message.body = about.body
      const ids = await enqueue(caller, target, message, row.settings)
      await record(caller, 'send', row.id, row.name)
      return ids
    },

    /** Queues a test message, marked as one; with settings, one that is sent as if they were saved. */
    async test(caller: Caller, idOrName: string, input: unknown = {}): Promise<string[]> {
      const { settings } = validate(testRequest, input)
      const row = await named(caller, idOrName)
      const before = () => openSettings(row, secrets, identity(row.id))
      const target = settings === undefined ? storedTarget(row, {}) : draftTarget(row.kind, settings, before())
      const base = settings === undefined ? row.settings : {}
      const ids = await enqueue(caller, target, testMessage(caller, `the channel "${row.name}"`), base)
      await record(caller, 'test', row.id, row.name)
      return ids
    },

    /** Queues a test message through a channel that is not stored. */
    async testDraft(caller: Caller, input: unknown): Promise<string[]> {
      const { kind, settings } = validate(draftTest, input)
      const target = draftTarget(kind, settings, null)
      const ids = await enqueue(caller, target, testMessage(caller, `a new channel (${kind})`), {})
      await record(caller, 'test', '*', kind)
      return ids
    },

    /** What became of deliveries, once each was tried or `patience` ms have passed. */
    async results(ids: readonly string[], patience: number = PATIENCE): Promise<SendResult[]> {
      const end = clock.now() + patience
      for (;;) {
        const results = await Promise.all(ids.map(result))
        if (clock.now() >= end || results.every(isSettled)) return results
        await new Promise<void>((resolve) => void clock.at(clock.now() + LOOK, resolve))
      }
    },
  }

  async function result(id: string): Promise<SendResult> {
    const found = await store.deliveries.get(id)
    if (found === undefined) throw new AppError('not-found', `There is no delivery "${id}".`)
    const { state, reason, recipient } = found.delivery
    const latest = found.attempts.at(-1)
    const untried = 'It has not been tried yet: its destination is paused or failing. It is sent later.'
    return {
      delivery: id,
      recipient,
      state,
      reason: reason === null ? (latest === undefined ? untried : '') : sentence(reason),
      attempt:
        latest === undefined
          ? null
          : {
              outcome: latest.outcome,
              reason: latest.reason,
              response: latest.response,
              startedAt: latest.startedAt,
              finishedAt: latest.finishedAt,
            },
    }
  }
}

function isSettled({ state, attempt }: SendResult): boolean {
  return finalStates.includes(state) || (attempt !== null && attempt.outcome !== null)
}
