import type { RouteDecision } from '../model/evaluation.ts'
import { sentence } from '../model/reason.ts'
import type { DeliverySummary } from '../store/delivery-rows.ts'
import type { Store } from '../store/index.ts'
import type { StoredReport } from '../store/run-reads.ts'
import { findRun } from './context.ts'

/**
 * What one reporter did for a run, in the form of Dataiku's `reportersStates`: a route of a rule, at one state of the run.
 * Times are ms since 1970.
 */
export interface ReporterState {
  reporterName: string
  ruleId: string
  evaluationId: string
  /** The kind of the channel; empty where no message was made. */
  messagingType: string
  route: string | null
  /** Name of the channel, or what it is where the rule has its own. */
  channel: string | null
  /** Whether its condition let it send. */
  activated: boolean
  /** What its condition came to, in words. */
  reasons: string[]
  /** Why nothing was sent, or what failed; empty when all is well. */
  error: { message?: string }
  messages: { messages: { id: string; recipient: string; title: string; state: string; attempts: number }[] }
  started: number
  /** null while a message is under way. */
  ended: number | null
  state: string
  step: string | null
  attempt: number
}

/** What every rule did for a run, in the order they decided. Throws `not-found`, naming the nearest run. */
export async function reporterStates(store: Store, project: string, uid: string): Promise<ReporterState[]> {
  const row = await findRun(store, project, uid)
  const reports = await store.runs.reports(row.seq)
  return (await Promise.all(reports.map((report) => statesOf(store, project, report)))).flat()
}

async function statesOf(store: Store, project: string, report: StoredReport): Promise<ReporterState[]> {
  const { ruleId, evaluationId, at, state, step, attempt, verdict } = report
  if (evaluationId === null) return []
  const [rule, evaluation] = [await store.rules.get(ruleId), await store.evaluations.get(project, evaluationId)]
  const trace = evaluation?.trace
  const base = {
    reporterName: rule?.definition.name ?? ruleId,
    ...{ ruleId, evaluationId, channel: null },
    ...{ messagingType: '', route: null, activated: verdict === 'true', started: at, ended: at },
    ...{ state, step: step === '' ? null : step, attempt },
    reasons: (trace?.reasons ?? []).map(sentence),
    error: trace?.error ? { message: trace.error } : {},
    messages: { messages: [] },
  }
  const routes = trace?.routes ?? []
  if (routes.length === 0) return [base]
  return Promise.all(routes.map(async (route) => ({ ...base, ...(await ofRoute(store, route, base.error)) })))
}

async function ofRoute(
  store: Store,
  { route, channel, reason, deliveryId }: RouteDecision,
  known: ReporterState['error'],
) {
  const parts = deliveryId === undefined ? [] : await store.deliveries.parts(deliveryId)
  const refused = deliveryId === undefined ? { message: sentence(reason) } : {}
  const isUnderWay = parts.some(({ finishedAt }) => finishedAt === null)
  return {
    route,
    channel,
    messagingType: parts[0]?.channelKind ?? '',
    activated: deliveryId !== undefined,
    error: { ...known, ...refused, ...failureOf(parts) },
    messages: {
      messages: parts.map(({ id, recipient, title, state, attempts }) => ({ id, recipient, title, state, attempts })),
    },
    ...(parts.length === 0
      ? {}
      : { ended: isUnderWay ? null : Math.max(...parts.map((part) => part.finishedAt ?? 0)) }),
  }
}

/** Why a message did not arrive, or waits to be tried again. */
function failureOf(parts: readonly DeliverySummary[]): ReporterState['error'] {
  const failed = parts.find(({ state, reason }) => state !== 'delivered' && reason !== null && reason.code !== 'queued')
  return failed?.reason ? { message: sentence(failed.reason) } : {}
}
