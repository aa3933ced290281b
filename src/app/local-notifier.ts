import { channels, isChannelKind } from '../channels/index.ts'
import { abandoned, attempt } from '../deliver/attempt.ts'
import { createTargetOpener } from '../deliver/resolve-target.ts'
import { messageOf } from '../errors.ts'
import { historyOf } from '../evaluate/run-match.ts'
import { applyEvent, emptyRecord } from '../evaluate/run-record.ts'
import { createFileReader } from '../flow/files.ts'
import { mattersOf, planRunRule, type RunPlan, watcherOf } from '../flow/run-rules.ts'
import { decideOnRun } from '../flow/run-verdict.ts'
import { type LocalPlace, readLocalNotifications, unsealed } from '../manage/local-notifications.ts'
import { type Delivery, LOCAL_ROUTE, type LocalDelivery, type NewDelivery } from '../model/delivery.ts'
import { sentence } from '../model/reason.ts'
import type { Occurrence, RunView } from '../model/run.ts'
import { projectEvent } from '../model/run-event.ts'
import { validate } from '../model/validate.ts'
import type { Http } from '../net.ts'
import type { Programs } from '../programs.ts'
import type { Claim } from '../store/delivery-turns.ts'

/** What became of a notification that was due. */
export interface LocalOutcome {
  notification: string
  kind: string
  /** In words; holds no secret. */
  words: string
  /** null when nothing was to be sent. */
  sent: { delivery: LocalDelivery; run: Pick<RunView, 'uid' | 'name'> } | null
}

/** Sends the notifications of one run from the process that runs it. */
export interface LocalNotifier {
  /** What is wrong or odd about the notifications, a line each. */
  faults: readonly string[]
  /** Takes an event of the run and sends what is due. Resolves when all of it was tried. */
  onEvent(event: { time: number }): Promise<LocalOutcome[]>
}

export interface LocalNotifierOptions extends LocalPlace {
  /** The list of MLRun notifications. */
  notifications: unknown
  http: Http
  programs: Programs
  print: (line: string) => void
  /** The value of a secret that a notification refers to. */
  secretOf: (name: string) => string | undefined
  now: () => number
  /** ms that an attempt may take. */
  timeout: number
}

/** ms that a channel gets to come back once its attempt is ended. */
const GRACE = 1000
/** There is no daemon, so nothing is known of what it keeps. */
const nowhere = {
  channels: {
    get: async () => undefined,
    byName: async () => undefined,
    fallback: async () => undefined,
    closedBy: () => null,
  },
  variables: { holdingIn: async () => [] },
  evaluations: { state: async () => ({ alerts: [], routes: [] }) },
}

/**
 * Decides, writes and sends as the daemon does for the same notifications of MLRun, with a single attempt and nothing
 * stored. Where nothing can be sent the outcome says so.
 */
export function createLocalNotifier(options: LocalNotifierOptions): LocalNotifier {
  const { project, uid, http, programs, print, now, timeout } = options
  const { rules, faults } = readLocalNotifications(options.notifications, options)
  const plans = rules.filter(({ definition }) => !definition.paused).map(planRunRule)
  const openTarget = createTargetOpener({
    channels: nowhere.channels,
    channelOf: (kind) => (isChannelKind(kind) ? channels[kind] : undefined),
    secrets: unsealed,
    projectSecrets: { sealedSecret: async (_project, name) => options.secretOf(name) },
    defaultsOf: options.defaultsOf,
  })
  const tools = { openTarget, http, programs, print, now, random: Math.random }
  const verdicts = {
    store: nowhere,
    baseUrl: () => null,
    // Without variables there are no scripts of any.
    runScript: async () => ({}),
    attachments: { readFile: createFileReader([], []), most: 0 },
  }
  const record = emptyRecord()

  async function decide(plan: RunPlan, fresh: readonly Occurrence[]): Promise<LocalOutcome[]> {
    const watcher = watcherOf(plan.rule)
    const matters = watcher === undefined ? [] : mattersOf(watcher, { project, uid }, record, fresh)
    const all = matters.map(async (matter) => {
      const { written, commit } = await decideOnRun(verdicts, plan, matter, historyOf([]), 'run', now())
      const { reasons } = commit.trace
      const isFalse = reasons.some(({ code }) => code === 'condition-false')
      if (written.length === 0)
        return isFalse ? [outcomeOf(plan, `not sent: ${reasons.map(sentence).join(' ')}`, null)] : []
      const deliveries = await Promise.all(written.map(({ delivery }) => send(delivery)))
      return deliveries.map((delivery) => outcomeOf(plan, wordsOf(delivery), { delivery, run: matter.run }))
    })
    return (await Promise.all(all)).flat()
  }

  async function send(made: NewDelivery): Promise<LocalDelivery> {
    const startedAt = now()
    const claim = claimOf({ ...made, ruleId: null, evaluationId: null, route: LOCAL_ROUTE }, startedAt)
    const { kind } = made.target
    const channel = isChannelKind(kind) ? channels[kind] : undefined
    const limits = channel?.limits ?? { inFlight: 1, retries: 'chat' as const }
    const late = Promise.withResolvers<void>()
    const timer = setTimeout(late.resolve, timeout + GRACE)
    const lost = late.promise.then(() => abandoned(claim, limits, false, tools))
    const ended = attempt(claim, tools, () => AbortSignal.timeout(timeout))
    const { finished } = await Promise.race([ended, lost])
    clearTimeout(timer)
    const { next, outcome, cause, response, at } = finished
    return {
      delivery: claim.delivery,
      state: next.state === 'delivered' || next.state === 'unknown' ? next.state : 'rejected',
      reason: next.state === 'delivered' ? { code: 'delivered' } : next.reason,
      attempt: { startedAt, finishedAt: at, outcome, reason: cause, response },
    }
  }

  return {
    faults,
    async onEvent(event) {
      const { uid: _, ...told } = validate(projectEvent, { uid, ...event })
      const { fresh } = applyEvent(record, told, event.time, event.time)
      const all = plans.map((plan) =>
        decide(plan, fresh).catch((thrown) => [outcomeOf(plan, `failed: ${messageOf(thrown)}`, null)]),
      )
      return (await Promise.all(all)).flat()
    },
  }
}

function outcomeOf({ rule }: RunPlan, words: string, sent: LocalOutcome['sent']): LocalOutcome {
  const { name = '', kind = '' } = rule.notification ?? {}
  return { notification: name === '' ? kind : name, kind, words, sent }
}

function wordsOf({ state, reason, attempt, delivery: { recipient = '' } }: LocalDelivery): string {
  const whom = recipient === '' ? '' : ` to ${recipient}`
  if (state === 'delivered') return `delivered${whom}${attempt.response ? `: ${attempt.response}` : ''}`
  const why = reason.detail ?? sentence(reason)
  const answer = attempt.response === null || why.includes(attempt.response) ? '' : ` ${attempt.response}`
  return `${state === 'unknown' ? 'may not have arrived' : 'not delivered'}${whom}: ${why}${answer}`
}

function claimOf(made: NewDelivery, now: number): Claim {
  const { supersedes: _, follows: __, recipient = '', ...rest } = made
  const delivery: Delivery = {
    ...rest,
    recipient,
    state: 'sending',
    reason: null,
    attempts: 1,
    nextAt: null,
    deadlineAt: now,
    finishedAt: null,
    receipt: null,
  }
  return { seq: 0, delivery, attempt: 1, tries: 1, doubtful: false, previous: null }
}
