import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { type Order, orders, type RouteView } from '../../src/evaluate/policy.ts'
import { advance } from '../../src/evaluate/state.ts'
import type { Alert, RouteState } from '../../src/model/alert.ts'
import { routePhases } from '../../src/model/rule.ts'

const MINUTE = 60_000
const names = ['a', 'b', 'c']
const SUPPRESSION = 5

type Fate = 'delivered' | 'failed' | 'unknown' | 'sending' | 'waiting'

/** One minute: which rows fire (undefined: the row is missing), and what becomes of the messages under way. */
interface Step {
  fires: (boolean | undefined)[]
  fate: Fate
}

interface Sent extends Order {
  id: string
  at: number
  state: Fate | 'superseded'
  deliveredAt: number | null
}

const route: RouteView = {
  key: 'hook',
  when: routePhases,
  each: false,
  closed: null,
  admits: () => ({ pass: true, reason: null }),
}

/** Plays a rule with one route over some minutes; `check` sees every message that is queued. */
function play(
  steps: Step[],
  notify: 'transitions' | 'every',
  check: (order: Order, told: Map<string, RouteState>, now: number) => void,
): Sent[] {
  const sent: Sent[] = []
  const told = new Map<string, RouteState>()
  let alerts: Alert[] = []
  steps.forEach(({ fires, fate }, minute) => {
    const now = minute * MINUTE
    for (const message of sent)
      if (message.state === 'waiting' || message.state === 'sending') decide(message, fate, now, told)
    const items = fires.flatMap((fire, index) => {
      const fingerprint = names[index] ?? ''
      return fire === undefined ? [] : [{ fingerprint, labels: {}, fire, value: '' }]
    })
    const moved = advance({ for: '0s', keepFiringFor: '0s' }, alerts, { kind: 'decided', items, complete: true }, now)
    const before = new Map(alerts.map((alert) => [alert.fingerprint, alert]))
    const { orders: made } = orders([route], {
      rule: { notify, remindEvery: '7m', resolve: true, suppressionMinutes: SUPPRESSION },
      transitions: moved.transitions,
      before,
      after: moved.alerts,
      told: [...told.values()],
      now,
    })
    for (const order of made) {
      check(order, told, now)
      const id = `msg_${sent.length}`
      const superseded = sent.find((message) => message.id === order.supersedes)
      if (superseded !== undefined) superseded.state = 'superseded'
      sent.push({ ...order, id, at: now, state: 'waiting', deliveredAt: null })
      if (order.kind !== 'resolved')
        for (const fingerprint of order.fingerprints) {
          const { deliveredAt = null } = told.get(fingerprint) ?? {}
          const sequence = moved.alerts.get(fingerprint)?.sequence ?? 0
          told.set(fingerprint, {
            route: 'hook',
            fingerprint,
            deliveredAt,
            delivery: { id, at: now, state: 'waiting' },
            sequence,
          })
        }
    }
    for (const state of told.values())
      if (state.delivery !== null && sent.find(({ id }) => id === state.delivery?.id)?.state === 'superseded')
        state.delivery.state = 'failed'
    const rows = new Map(alerts.map((alert) => [alert.fingerprint, alert]))
    for (const alert of moved.changed) rows.set(alert.fingerprint, alert)
    for (const fingerprint of moved.gone) rows.delete(fingerprint)
    alerts = [...rows.values()]
  })
  return sent
}

function decide(message: Sent, fate: Fate, now: number, told: Map<string, RouteState>) {
  message.state = fate
  for (const state of told.values()) {
    if (state.delivery?.id !== message.id) continue
    state.delivery.state = fate
    if (fate === 'delivered') state.deliveredAt = now - 1
  }
}

const steps = fc.array(
  fc.record<Step>({
    fires: fc.tuple(...names.map(() => fc.option(fc.boolean(), { nil: undefined }))),
    fate: fc.constantFrom<Fate>('delivered', 'delivered', 'failed', 'unknown', 'sending', 'waiting'),
  }),
  { maxLength: 40 },
)
const modes = fc.constantFrom<'transitions' | 'every'>('transitions', 'every')
const runs = { numRuns: 2000 }

test('whatever arrives, no alert is told of while an earlier message of it is under way or suppresses it', () => {
  fc.assert(
    fc.property(steps, modes, (all, notify) => {
      play(all, notify, ({ kind, fingerprints }, told, now) => {
        if (kind === 'resolved') return
        for (const fingerprint of fingerprints) {
          const { delivery, deliveredAt } = told.get(fingerprint) ?? { delivery: null, deliveredAt: null }
          expect(delivery?.state).not.toBe('waiting')
          expect(delivery?.state).not.toBe('sending')
          if (deliveredAt !== null) expect(now - deliveredAt).toBeGreaterThanOrEqual(SUPPRESSION * MINUTE)
        }
      })
    }),
    runs,
  )
})

test('whatever arrives, an end is told of once, after a message that arrived, may have, still can, or gave way to it', () => {
  fc.assert(
    fc.property(steps, (all) => {
      const sent = play(all, 'transitions', ({ kind, fingerprints, supersedes, follows }, told, now) => {
        if (kind !== 'resolved') return
        for (const fingerprint of fingerprints) {
          const { delivery, deliveredAt, sequence } = told.get(fingerprint) as RouteState
          const arrived = deliveredAt !== null && deliveredAt >= sequence
          if (supersedes !== null) expect([delivery?.id, delivery?.state]).toEqual([supersedes, 'waiting'])
          else if (!arrived && delivery?.state !== 'unknown') {
            expect(['waiting', 'sending']).toContain(delivery?.state as string)
            expect(follows).toBe(delivery?.id as string)
          }
          expect(sequence).toBeLessThan(now)
        }
      })
      for (const name of names) {
        const kinds = sent.filter(({ fingerprints }) => fingerprints.includes(name)).map(({ kind }) => kind)
        expect(kinds.join(' ')).not.toContain('resolved resolved')
        expect(kinds[0]).not.toBe('resolved')
      }
    }),
    runs,
  )
})

test('once everything arrives, every alert that fires was told of, and every one that was told of and ended is', () => {
  fc.assert(
    fc.property(steps, (all) => {
      const quiet = Array.from(
        { length: 30 },
        (): Step => ({ fires: all.at(-1)?.fires.map((fire) => fire ?? false) ?? [], fate: 'delivered' }),
      )
      const sent = play([...all, ...quiet], 'transitions', () => {})
      for (const [index, name] of names.entries()) {
        const last = sent.filter(({ fingerprints }) => fingerprints.includes(name)).at(-1)
        if (quiet[0]?.fires[index] === true) expect(last?.kind === 'firing' || last?.kind === 'reminder').toBe(true)
        else if (last !== undefined && last.kind !== 'resolved') expect(last.state).toBe('failed')
      }
    }),
    runs,
  )
})
