import type { Cancel, Clock } from '../clock.ts'
import { AppError, messageOf } from '../errors.ts'
import type { Flow, Tick } from '../flow.ts'
import type { Log } from '../log.ts'
import { isQueryRule, type Rule, type RuleSchedule } from '../model/rule.ts'
import type { EvaluationCommit } from '../store/evaluations.ts'
import type { Store } from '../store/index.ts'
import type { DueRule } from '../store/rules.ts'
import { readSchedule, type Schedule } from './schedule.ts'

export interface Scheduler {
  start(): Promise<void>
  /** Takes no more rules and waits for those under way. */
  stop(): Promise<void>
  /** Looks again at what is due: rules were changed. */
  wake(): void
  /** Evaluates a rule now, after an evaluation of it that is under way. */
  runNow(rule: Rule, tick: Tick): Promise<EvaluationCommit>
  /** Rules claimed and waiting, and evaluations under way. */
  load(): { waiting: number; running: number }
  /**
   * When (ms since 1970) it last looked at the table to the end; null while it is so far behind that it need not. It is
   * well as long as no rule has been due for much longer.
   */
  lookedAt(): number | null
}

export interface SchedulerDeps {
  store: Store
  flow: Flow
  clock: Clock
  log: Log
  /** Queries at a time: in all, and of one connection. */
  concurrency: number
  perConnection: number
}

/** Rules of one connection that wait for their turn, in the order they were due, from `next` on. */
interface Queue {
  rules: DueRule[]
  next: number
}

/** Rules claimed ahead of a free place; more stay in the table. So many that one slow connection cannot fill it alone. */
const MOST_WAITING = 20_000
/** Rules claimed in one transaction. */
const CLAIMED_AT_A_TIME = 256
/** ms before work that could not be stored is taken up again. */
const PAUSE_AFTER_FAILURE = 1000
/** Rules and schedules kept parsed. */
const MOST_CACHED = 5000

/**
 * Runs rules when they are due. The table is the only truth: what is held here is claimed there first, and a claim that
 * is found at start is due again.
 */
export function createScheduler(deps: SchedulerDeps): Scheduler {
  const { store, flow, clock, log } = deps
  const queues = new Map<string, Queue>()
  const busy = new Map<string, number>()
  const underWay = new Map<string, Promise<unknown>>()
  const finishedAt = boundedMap<number>()
  const rules = boundedMap<Rule>()
  const schedules = boundedMap<Schedule>()
  let startedAt = 0
  let waiting = 0
  /** More was due than could be held. */
  let isBehind = false
  let querying = 0
  let isStopping = false
  let lookedAt = 0
  const looks = new Set<Promise<void>>()
  let isLooking = false
  let mustLookAgain = false
  let timerAt = Number.POSITIVE_INFINITY
  let cancelTimer: Cancel = () => {}

  function look(): Promise<void> {
    const mine = lookOnce()
    looks.add(mine)
    return mine.finally(() => looks.delete(mine))
  }

  async function lookOnce(): Promise<void> {
    if (isLooking || isStopping) {
      mustLookAgain = isLooking
      return
    }
    isLooking = true
    try {
      do {
        mustLookAgain = false
        const now = clock.now()
        const due = await store.rules.claimDue(now, Math.min(CLAIMED_AT_A_TIME, MOST_WAITING - waiting), (rule) =>
          scheduleOf(rule).next(now),
        )
        for (const rule of due) enqueue(rule)
        dispatch()
        isBehind = waiting >= MOST_WAITING
        if (due.length > 0 && !isBehind) mustLookAgain = true
        else arm(await store.rules.nextDue())
      } while (mustLookAgain && !isStopping)
    } catch (thrown) {
      if (isDiskFull(thrown)) log.diskFull({ reason: messageOf(thrown) })
      else log.defect({ where: 'scheduler', error: thrown })
      arm(clock.now() + PAUSE_AFTER_FAILURE)
    } finally {
      isLooking = false
      lookedAt = clock.now()
    }
  }

  /** Looks at `time`, unless it is to look earlier anyway. */
  function arm(time: number | null) {
    if (time === null || time >= timerAt || isStopping || isBehind) return
    cancelTimer()
    timerAt = time
    cancelTimer = clock.at(time, () => {
      timerAt = Number.POSITIVE_INFINITY
      void look()
    })
  }

  function enqueue(rule: DueRule) {
    const key = `${rule.project}/${rule.connection}`
    const queue = queues.get(key)
    if (queue === undefined) queues.set(key, { rules: [rule], next: 0 })
    else queue.rules.push(rule)
    waiting += 1
  }

  /** Starts what may start, the longest waiting first. */
  function dispatch() {
    while (querying < deps.concurrency && !isStopping) {
      const key = longestWaiting()
      if (key === undefined) break
      const rule = takeFirst(key)
      if (rule === undefined) break
      waiting -= 1
      begin(rule, key)
    }
    if (isBehind && waiting <= MOST_WAITING / 2) void look()
  }

  function longestWaiting(): string | undefined {
    let best: { key: string; time: number } | undefined
    for (const [key, { rules, next }] of queues) {
      const first = rules[next]
      if (
        first !== undefined &&
        (busy.get(key) ?? 0) < deps.perConnection &&
        (best === undefined || first.scheduledAt < best.time)
      )
        best = { key, time: first.scheduledAt }
    }
    return best?.key
  }

  function takeFirst(key: string): DueRule | undefined {
    const queue = queues.get(key)
    const rule = queue?.rules[queue.next]
    if (queue === undefined) return undefined
    queue.next += 1
    if (queue.next >= queue.rules.length) queues.delete(key)
    else if (queue.next === CLAIMED_AT_A_TIME) {
      queue.rules.splice(0, queue.next)
      queue.next = 0
    }
    return rule
  }

  function begin(due: DueRule, key: string) {
    querying += 1
    busy.set(key, (busy.get(key) ?? 0) + 1)
    let isHolding = true
    const release = () => {
      if (!isHolding) return
      isHolding = false
      querying -= 1
      const left = (busy.get(key) ?? 1) - 1
      if (left === 0) busy.delete(key)
      else busy.set(key, left)
      dispatch()
    }
    void alone(due.id, () => runDue(due, release)).finally(release)
  }

  /** Evaluations of one rule come one after another. */
  function alone<T>(id: string, run: () => Promise<T>): Promise<T> {
    const before = underWay.get(id)
    const mine = before === undefined ? run() : before.then(run, run)
    underWay.set(id, mine)
    const clear = () => {
      finishedAt.set(id, clock.now())
      if (underWay.get(id) === mine) underWay.delete(id)
    }
    mine.then(clear, clear)
    return mine
  }

  async function runDue(due: DueRule, queried: () => void): Promise<void> {
    try {
      const rule = await ruleOf(due)
      if (rule === undefined) return
      const tick = tickOf(due)
      if (rule.definition.paused || rule.blocked !== null) return await store.evaluations.settle(rule.id)
      if (isQueryRule(rule) && rule.updatedAt > due.scheduledAt)
        await flow.skipRule(rule, tick, { code: 'rule-newer-than-tick' })
      else await flow.runRule(rule, tick, queried)
      // A claimed rule does not count among those that are due; now it does again, perhaps sooner than it said.
      if (isClockwork(due)) arm(due.nextDueAt)
      else await look()
    } catch (thrown) {
      await recover(due, thrown)
    }
  }

  async function recover(due: DueRule, thrown: unknown): Promise<void> {
    // Still claimed, it is due again at the next start.
    if (isStopping) return
    if (isDiskFull(thrown)) {
      log.diskFull({ reason: messageOf(thrown) })
      giveBack(due.id)
      return
    }
    log.defect({ where: `rule ${due.id}`, error: thrown })
    await store.evaluations.settle(due.id).then(
      () => arm(due.nextDueAt),
      () => giveBack(due.id),
    )
  }

  /** Makes a tick due again that could not be stored. */
  function giveBack(id: string) {
    if (isStopping) return
    clock.at(clock.now() + PAUSE_AFTER_FAILURE, () => {
      store.rules.unclaim([id]).then(
        () => void look(),
        () => giveBack(id),
      )
    })
  }

  async function ruleOf(due: DueRule): Promise<Rule | undefined> {
    const cached = rules.get(due.id)
    const rule = cached?.version === due.version ? cached : await store.rules.get(due.id)
    if (rule === undefined) return undefined
    rules.set(due.id, rule)
    return { ...rule, lastSuccessAt: due.lastSuccessAt }
  }

  function scheduleOf({ schedule, createdAt }: Pick<DueRule, 'schedule' | 'createdAt'>): Schedule {
    // A rule on runs has none: it says itself when it is to be looked at again.
    if (schedule === null) return ownTime
    const key = `${schedule}${createdAt}`
    const known = schedules.get(key)
    if (known !== undefined) return known
    const read = readSchedule(JSON.parse(schedule) as RuleSchedule, createdAt)
    schedules.set(key, read)
    return read
  }

  function tickOf(due: DueRule): Tick {
    const { scheduledAt } = due
    const missedTicks = scheduleOf(due).between(scheduledAt, clock.now())
    const wasRunning = (finishedAt.get(due.id) ?? 0) > scheduledAt
    if (wasRunning) return { cause: 'schedule', scheduledAt, missedTicks, late: 'still-running' }
    if (missedTicks > 0 || scheduledAt < startedAt)
      return { cause: 'catch-up', scheduledAt, missedTicks, late: 'daemon-was-down' }
    return { cause: 'schedule', scheduledAt, missedTicks }
  }

  return {
    async start() {
      startedAt = clock.now()
      await store.rules.unclaim()
      await look()
    },
    async stop() {
      isStopping = true
      cancelTimer()
      await Promise.all(looks)
      await Promise.allSettled(underWay.values())
      const left = [...queues.values()].flatMap(({ rules, next }) => rules.slice(next).map(({ id }) => id))
      if (left.length > 0) await store.rules.unclaim(left)
    },
    wake: () => void look(),
    // What it finds may depend on the evaluation before it, so the rule is read when its turn has come.
    runNow: (rule, tick) => alone(rule.id, async () => flow.runRule((await store.rules.get(rule.id)) ?? rule, tick)),
    load: () => ({ waiting, running: underWay.size }),
    lookedAt: () => (isBehind ? null : lookedAt),
  }
}

/** A rule on runs looks at them at least this often (ms), should it fail to say when. */
const LONGEST_REST = 60_000
const ownTime: Schedule = { next: (time) => time + LONGEST_REST, between: () => 0 }

/** Whether a rule is due by the clock alone; others become due when runs change. */
function isClockwork({ schedule }: DueRule): boolean {
  return schedule !== null && !schedule.includes('"after"')
}

function isDiskFull(thrown: unknown): boolean {
  return thrown instanceof AppError && thrown.code === 'disk-full'
}

/** A map that forgets the oldest entries. */
function boundedMap<V>() {
  const map = new Map<string, V>()
  return {
    get: (key: string) => map.get(key),
    set(key: string, value: V) {
      map.delete(key)
      map.set(key, value)
      const oldest = map.keys().next()
      if (map.size > MOST_CACHED && oldest.done !== true) map.delete(oldest.value)
    },
  }
}
