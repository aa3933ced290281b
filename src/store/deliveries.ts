import { AppError } from '../errors.ts'
import {
  type Attempt,
  type Delivery,
  type DeliveryState,
  finalStates,
  isLocal,
  LOCAL_ROUTE,
  type LocalDelivery,
  lifetimes,
  type NewDelivery,
} from '../model/delivery.ts'
import type { JsonObject } from '../model/json.ts'
import type { StoreContext } from './context.ts'
import { freshDeliveries } from './delivery-fresh.ts'
import { type DueListener, deliveryOrder } from './delivery-order.ts'
import {
  type AttemptRecord,
  type DeliveryRecord,
  type DeliverySummary,
  FULL,
  type FullRecord,
  SUMMARY,
  type SummaryRecord,
  toAttempt,
  toDelivery,
  toSummary,
} from './delivery-rows.ts'
import { deliveryTurns } from './delivery-turns.ts'
import { localDeliveries } from './local-deliveries.ts'

export interface DeliveryFilter {
  project: string
  states?: readonly DeliveryState[]
  ruleId?: string
  channelId?: string
  destination?: string
  /** Made from here on, and before there; ms since 1970. */
  from?: number
  to?: number
}

/** States a delivery can be sent again from, by hand. */
const RETRIABLE: readonly DeliveryState[] = ['pending', 'rejected', 'dead', 'unknown', 'discarded']
const DISCARDABLE: readonly DeliveryState[] = ['pending', 'rejected', 'dead', 'unknown']
/** Deliveries changed in one transaction by a bulk action. */
const BULK = 200

export type DeliveryQueries = ReturnType<typeof deliveryQueries>

export function deliveryQueries(context: StoreContext) {
  const { database, writer, clock } = context
  const { raw } = database
  let listener: DueListener = () => {}
  const fresh = freshDeliveries()
  const putLocal = localDeliveries(context)
  const order = deliveryOrder(context, fresh, (destination, kind, at) => listener(destination, kind, at))
  const one = raw.prepare<[string], FullRecord>(`${FULL} WHERE d.id = ?`)
  const partsOf = raw.prepare<[string, string], { recipient: string; settings: string }>(
    `SELECT d.recipient, c.settings FROM deliveries d JOIN delivery_contents c ON c.seq = d.seq
     WHERE d.id = ? OR d.part_of = ? ORDER BY d.seq`,
  )
  const attemptsOf = raw.prepare<[number], AttemptRecord>('SELECT * FROM attempts WHERE delivery = ? ORDER BY number')
  const replay = raw.prepare(
    "UPDATE deliveries SET state = 'pending', reason = ?, finished_at = NULL, deadline_at = ? WHERE seq = ?",
  )
  const openCounts = raw.prepare<[], CountRow>(
    'SELECT state, count(*) AS count FROM deliveries INDEXED BY deliveries_open WHERE finished_at IS NULL GROUP BY state',
  )
  const failedCounts = raw.prepare<[], CountRow>(
    `SELECT state, count(*) AS count FROM deliveries
     WHERE finished_at IS NOT NULL AND state <> 'delivered' GROUP BY state`,
  )

  const projectCounts = raw.prepare<[string, string], CountRow>(
    `SELECT state, count(*) AS count FROM deliveries INDEXED BY deliveries_open
     WHERE finished_at IS NULL AND project = ? GROUP BY state UNION ALL
     SELECT state, count(*) AS count FROM deliveries INDEXED BY deliveries_failed
     WHERE finished_at IS NOT NULL AND state <> 'delivered' AND project = ? GROUP BY state`,
  )
  const oldestOpen = raw
    .prepare<[string], number | null>(
      'SELECT min(created_at) FROM deliveries INDEXED BY deliveries_open WHERE finished_at IS NULL AND project = ?',
    )
    .pluck()

  function stored(id: string): FullRecord {
    const row = one.get(id)
    if (row === undefined) throw new AppError('not-found', `There is no delivery ${id}.`)
    return row
  }

  function retryRow(row: DeliveryRecord, now: number) {
    const lifetime = Math.min(lifetimes.webhook, row.deadline_at - row.created_at)
    replay.run(row.attempts === 0 ? null : JSON.stringify({ code: 'replayed' }), now + lifetime, row.seq)
    order.settle(row, now)
  }

  const discardRow = (row: DeliveryRecord, now: number) =>
    order.finish(row.seq, row.id, 'discarded', { code: 'discarded' }, now)

  async function bulk(
    filter: DeliveryFilter,
    allowed: readonly DeliveryState[],
    act: (row: DeliveryRecord, now: number) => void,
    extra = '',
  ): Promise<number> {
    const states = (filter.states ?? allowed).filter((state) => allowed.includes(state))
    const { text, values } = where({ ...filter, states })
    const rows = raw.prepare<unknown[], DeliveryRecord>(
      `SELECT * FROM deliveries d ${text} ${extra} AND seq > ? ORDER BY seq LIMIT ${BULK}`,
    )
    let changed = 0
    for (let last: number | undefined = 0; last !== undefined; ) {
      const after: number = last
      last = await writer.write(() => {
        const batch = rows.all(...values, after)
        for (const row of batch) act(row, clock.now())
        changed += batch.length
        return batch.at(-1)?.seq
      })
    }
    return changed
  }

  return {
    ...deliveryTurns(context, order, fresh),

    /** Names the function that is told of deliveries that become due, inside the transaction that makes them so. */
    watch: (tell: DueListener) => {
      listener = tell
    },

    /** Queues one delivery within the unit of the writer that is under way. */
    insert: order.insert,

    enqueue: (deliveries: readonly NewDelivery[]): Promise<void> =>
      writer.write(() => {
        for (const delivery of deliveries) order.insert(delivery)
      }),

    /** Stores what clients sent by themselves, each once; says of each whether it was new. */
    recordLocal: (reports: readonly LocalDelivery[]): Promise<boolean[]> => writer.write(() => reports.map(putLocal)),

    get: async (
      id: string,
    ): Promise<{ delivery: Delivery; attempts: Attempt[]; waitsFor: string | null } | undefined> => {
      const row = one.get(id)
      return row === undefined
        ? undefined
        : {
            delivery: toDelivery(row),
            attempts: attemptsOf.all(row.seq).map((attempt) => toAttempt(id, attempt)),
            waitsFor: row.waits_for,
          }
    },

    /** Newest first; `before` is the id of the last one of the page before. */
    list: async (filter: DeliveryFilter, limit: number, before?: string): Promise<DeliverySummary[]> => {
      const { text, values } = where(filter)
      const page =
        before === undefined
          ? ''
          : 'AND d.seq < coalesce((SELECT seq FROM deliveries WHERE id = ?), (SELECT max(seq) FROM deliveries WHERE id < ?) + 1, 0)'
      return raw
        .prepare<unknown[], SummaryRecord>(`${SUMMARY} ${text} ${page} ORDER BY d.seq DESC LIMIT ?`)
        .all(...values, ...(before === undefined ? [] : [before, before]), limit)
        .map(toSummary)
    },

    /** The deliveries of one message, in order; `id` is that of the first. */
    parts: async (id: string): Promise<DeliverySummary[]> =>
      raw
        .prepare<[string, string], SummaryRecord>(`${SUMMARY} WHERE d.id = ? OR d.part_of = ? ORDER BY d.seq`)
        .all(id, id)
        .map(toSummary),

    /** Where the deliveries of one message went; `id` is that of the first. */
    sentTo: async (id: string): Promise<{ recipient: string; settings: JsonObject }[]> =>
      partsOf.all(id, id).map(({ recipient, settings }) => ({
        recipient,
        settings: JSON.parse(settings) as JsonObject,
      })),

    /** How many there are in each state but `delivered`. */
    counts: async (): Promise<Record<CountedState, number>> => {
      const counts = { pending: 0, sending: 0, rejected: 0, dead: 0, unknown: 0, superseded: 0, discarded: 0 }
      for (const { state, count } of [...openCounts.all(), ...failedCounts.all()])
        if (state !== 'delivered') counts[state] += count
      return counts
    },

    /** The same for one project, with the time (ms since 1970) the longest waiting one was made. */
    backlog: async (project: string): Promise<Backlog> => {
      const found: Partial<Backlog> = {}
      for (const { state, count } of projectCounts.all(project, project)) found[state as CountedState] = count
      const oldest = oldestOpen.get(project) ?? null
      return { pending: 0, sending: 0, rejected: 0, dead: 0, unknown: 0, superseded: 0, discarded: 0, ...found, oldest }
    },

    /** Sends it again, or now instead of later, with a new deadline. Throws `not-found` and `conflict`. */
    retry: (id: string): Promise<void> =>
      writer.write(() => {
        const row = stored(id)
        if (isLocal({ ruleId: row.rule_id, route: row.route })) throw sentElsewhere(id)
        refuse(row, RETRIABLE, 'retried')
        retryRow(row, clock.now())
      }),

    /** Gives it up. Throws `not-found` and `conflict`. */
    discard: (id: string): Promise<void> =>
      writer.write(() => {
        const row = stored(id)
        refuse(row, DISCARDABLE, 'discarded')
        discardRow(row, clock.now())
      }),

    /** Retries all that match and failed; answers how many. */
    retryAll: (filter: DeliveryFilter): Promise<number> =>
      bulk(
        filter,
        RETRIABLE.filter((state) => state !== 'pending'),
        retryRow,
        `AND NOT (d.rule_id IS NULL AND d.route = '${LOCAL_ROUTE}')`,
      ),

    /** Discards all that match and are not under way; answers how many. */
    discardAll: (filter: DeliveryFilter): Promise<number> => bulk(filter, DISCARDABLE, discardRow),
  }
}

type CountedState = Exclude<DeliveryState, 'delivered'>
export type Backlog = Record<CountedState, number> & { oldest: number | null }

interface CountRow {
  state: DeliveryState
  count: number
}

function refuse(row: DeliveryRecord, allowed: readonly DeliveryState[], verb: string) {
  if (allowed.includes(row.state)) return
  const remedy =
    row.state === 'sending' ? 'An attempt is under way: wait for it to end.' : `Only ${allowed.join(', ')} ones can be.`
  throw new AppError('conflict', `Delivery ${row.id} is ${row.state} and cannot be ${verb}. ${remedy}`)
}

function sentElsewhere(id: string): AppError {
  const message = `Delivery ${id} was sent by a client, which alone has its settings. Send it again from there.`
  return new AppError('conflict', message)
}

/** The filter as SQL; states are told apart so that the partial indexes of open and failed deliveries serve. */
function where(filter: DeliveryFilter): { text: string; values: unknown[] } {
  const parts: [string, ...unknown[]][] = [['d.project = ?', filter.project]]
  const { states } = filter
  if (states !== undefined) {
    parts.push([`d.state IN (${states.map(() => '?').join(', ')})`, ...states])
    if (states.every((state) => !finalStates.includes(state))) parts.push(['d.finished_at IS NULL'])
    if (states.every((state) => finalStates.includes(state) && state !== 'delivered'))
      parts.push(["d.finished_at IS NOT NULL AND d.state <> 'delivered'"])
  }
  if (filter.ruleId !== undefined) parts.push(['d.rule_id = ?', filter.ruleId])
  if (filter.channelId !== undefined) parts.push(['d.channel_id = ?', filter.channelId])
  if (filter.destination !== undefined) parts.push(['d.destination = ?', filter.destination])
  if (filter.from !== undefined) parts.push(['d.created_at >= ?', filter.from])
  if (filter.to !== undefined) parts.push(['d.created_at < ?', filter.to])
  return {
    text: `WHERE ${parts.map(([text]) => text).join(' AND ')}`,
    values: parts.flatMap(([, ...values]) => values),
  }
}
