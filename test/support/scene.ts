import { expect } from 'bun:test'
import { join } from 'node:path'
import Sqlite from 'better-sqlite3'
import type { Attempt, Delivery, DeliveryState } from '../../src/model/delivery.ts'
import type { Evaluation, Trace } from '../../src/model/evaluation.ts'
import type { Message } from '../../src/model/message.ts'
import { type InProcess, startInProcess } from './in-process.ts'
import { type Receiver, type Reply, startReceiver } from './receiver.ts'
import { eventually } from './servers.ts'

/** An evaluation as the API shows it. */
export interface Shown extends Evaluation {
  trace: Trace
  words: string[]
}

/** An event as the receiver got it. */
export interface Event {
  type: string
  id: string
  data: Message
}

export type Input = Record<string, unknown>

/**
 * A whole daemon in this process, a SQLite database that it watches (connection `Data`, table `scores (name, score)` with
 * the row `a`, 0.9) and a receiver with a channel for each of its paths: `Ops` is `/ops`.
 */
export interface Scene extends AsyncDisposable {
  daemon: InProcess
  receiver: Receiver
  /** Runs SQL on the watched database. */
  sql(text: string): void
  /** Keeps the watched database from being read until the function it gives is called; for 5 s at the most. */
  hold(): () => void
  /** Makes a rule that never comes due by itself and fires for the scores above 0.5; gives its id. */
  rule(changes?: Input): Promise<string>
  /** Makes such a rule on a score of its own, 0.9 to begin with, with a channel of its own. */
  act(changes?: Input, route?: Input): Promise<Act>
  /** How the channel's path is answered from now on. */
  reply(channel: string, reply: Answering): void
  /** Changes a rule. */
  edit(id: string, changes: Input): Promise<void>
  /** Calls the API under `/api/v1` and fails unless the answer is a 2xx. */
  api<T = Input>(method: string, path: string, body?: unknown): Promise<T>
  /** Evaluates a rule now. */
  run(id: string): Promise<Shown>
  /** The evaluations of a rule, newest first, with their traces. */
  evaluations(id: string): Promise<Shown[]>
  /** What the API explains about a rule, an evaluation or a delivery. */
  explain(id: string): Promise<string>
  /** Its deliveries, oldest first. */
  deliveries(rule: string): Promise<(Delivery & { title: string; attempts: Attempt[] | number })[]>
  /** What arrived at the path of a channel. */
  arrived(channel?: string): Event[]
  /** Resolves when so many have arrived there and are stored as delivered. */
  delivered(count: number, channel?: string): Promise<Event[]>
  /** Makes a webhook channel of this name. */
  channel(name: string, more?: Input): Promise<void>
  pass(ms: number): void
}

/** An answer to all, or one for each event. */
export type Answering = Reply | ((event: Event) => Reply)

/** A rule on a score of its own, with a channel of its own. */
export interface Act {
  /** Its name, and that of its channel. */
  name: string
  rule: string
  set(score: number): void
  reply(reply: Answering): void
  run(): Promise<Shown>
  /** Evaluates it and gives what became of its routes. */
  decide(): Promise<string[]>
  /** Waits until its first delivery was tried and is in this state; gives its id. */
  reached(state: DeliveryState): Promise<string>
  /** Resolves when exactly messages of these types have arrived, in this order, whatever they were answered. */
  arrived(...types: string[]): Promise<Event[]>
  /** Resolves when so many messages have arrived and are stored as delivered; gives their types. */
  told(count: number): Promise<string[]>
}

export const MINUTE = 60_000

export async function startScene(settings: Record<string, string> = {}): Promise<Scene> {
  const [daemon, receiver] = await Promise.all([startInProcess(settings), startReceiver()])
  const replies = new Map<string, Answering>()
  receiver.reply(({ path, body }) => {
    const reply = replies.get(path) ?? { status: 200 }
    return typeof reply === 'function' ? reply(JSON.parse(body)) : reply
  })
  const file = join(daemon.folder, 'scores.db')
  let number = 0
  const sql = (text: string) => void daemon.sqlite('scores.db', text)
  sql("CREATE TABLE scores (name TEXT, score REAL); INSERT INTO scores VALUES ('a', 0.9)")

  async function api<T>(method: string, path: string, body?: unknown): Promise<T> {
    const answer = await daemon.call<T>(method, `/api/v1${path}`, body)
    if (answer.status >= 300)
      throw new Error(`${method} ${path} answered ${answer.status}: ${JSON.stringify(answer.body)}`)
    return answer.body
  }
  const channel = async (name: string, more: Input = {}) => {
    const settings = { url: `${receiver.url}/${name.toLowerCase()}` }
    await api('POST', '/channels', { name, kind: 'webhook', settings, ...more })
  }
  const evaluation = (id: string) => api<Shown>('GET', `/evaluations/${id}`)
  const arrived = (name = 'Ops') =>
    receiver.received
      .filter(({ path }) => path === `/${name.toLowerCase()}`)
      .map(({ body, headers }) => ({ ...(JSON.parse(body) as Event), id: headers['webhook-id'] ?? '' }))

  await api('POST', '/connections', { name: 'Data', kind: 'sqlite', settings: { path: file } })
  await channel('Ops')

  const scene: Scene = {
    daemon,
    receiver,
    sql,
    hold() {
      const database = new Sqlite(file)
      database.exec('BEGIN EXCLUSIVE')
      return () => void database.close()
    },
    api,
    channel,
    arrived,
    evaluations: async (id) => {
      const { items } = await api<{ items: Shown[] }>('GET', `/rules/${id}/evaluations`)
      return Promise.all(items.map((item) => evaluation(item.id)))
    },
    async rule(changes = {}) {
      number += 1
      const { id } = await api<{ id: string }>('POST', '/rules', {
        name: `rule ${number}`,
        connection: 'Data',
        query: 'SELECT name, score FROM scores',
        schedule: { cron: '0 0 29 2 *' },
        condition: { text: 'any(r["score"] > 0.5 for r in rows)' },
        routes: [{ channel: 'Ops' }],
        ...changes,
      })
      return id
    },
    async edit(id, changes) {
      const { version } = await api<{ version: number }>('GET', `/rules/${id}`)
      await api('PATCH', `/rules/${id}`, { ...changes, version })
    },
    async run(id) {
      const { evaluation: made } = await api<{ evaluation: string }>('POST', `/rules/${id}/run`)
      return evaluation(made)
    },
    explain: async (id) => (await api<{ lines: string[] }>('GET', `/explain/${id}`)).lines.join('\n'),
    async deliveries(rule) {
      const { items } = await api<{ items: (Delivery & { title: string })[] }>('GET', `/deliveries?rule=${rule}`)
      return items.reverse()
    },
    delivered: (count, name) =>
      eventually(async () => {
        const events = arrived(name)
        expect(events).toHaveLength(count)
        for (const { id } of events) {
          const found = await daemon.store.deliveries.get(id)
          expect(found?.delivery.state).toBe('delivered')
        }
        return events
      }),
    reply: (name, reply) => void replies.set(`/${name.toLowerCase()}`, reply),
    act: (changes = {}, route = {}) => {
      number += 1
      return makeAct(scene, `act${number}`, changes, route)
    },
    pass: (ms) => daemon.clock.advance(ms),
    async [Symbol.asyncDispose]() {
      await daemon.stop()
      await receiver.close()
    },
  }
  return scene
}

async function makeAct(scene: Scene, name: string, changes: Input, route: Input): Promise<Act> {
  await scene.channel(name)
  scene.sql(`INSERT INTO scores VALUES ('${name}', 0.9)`)
  const rule = await scene.rule({
    name,
    query: `SELECT name, score FROM scores WHERE name = '${name}'`,
    condition: { text: 'query_result["score"] > 0.5' },
    routes: [{ channel: name, ...route }],
    ...changes,
  })
  return {
    name,
    rule,
    set: (score) => scene.sql(`UPDATE scores SET score = ${score} WHERE name = '${name}'`),
    reply: (reply) => scene.reply(name, reply),
    run: () => scene.run(rule),
    decide: async () => (await scene.run(rule)).trace.routes.map(({ reason }) => reason.code),
    reached: (state) =>
      eventually(async () => {
        const [first] = await scene.deliveries(rule)
        const found = await scene.daemon.store.deliveries.get(first?.id ?? '')
        expect(found?.attempts.length).toBeGreaterThan(0)
        expect(found?.delivery.state).toBe(state)
        return first?.id ?? ''
      }),
    arrived: (...types) =>
      eventually(() => {
        const events = scene.arrived(name)
        expect(events.map(({ type }) => type.replace('alert.', ''))).toEqual(types)
        return events
      }),
    told: async (count) => (await scene.delivered(count, name)).map(({ type }) => type.replace('alert.', '')),
  }
}
