import { Hono } from 'hono'
import { AppError } from '../errors.ts'
import type { Log } from '../log.ts'
import type { Manage } from '../manage/index.ts'
import type { InstanceMail } from '../manage/instance-mail.ts'
import { overviewOf } from '../manage/overview.ts'
import type { InstanceStatus } from '../model/instance.ts'
import type { Store } from '../store/index.ts'
import type { Pings } from '../trigger/pings.ts'
import type { RunEvents } from '../trigger/run-events.ts'
import type { Scheduler } from '../trigger/scheduler.ts'
import { enterProject, refuseProjectTokens, requireHolder } from './auth.ts'
import { consoleRoutes } from './console.ts'
import { answerFailure, noRoute } from './errors.ts'
import type { EventStreams } from './events.ts'
import type { ApiEnv } from './request.ts'
import { alertRoutes } from './routes/alerts.ts'
import { channelRoutes } from './routes/channels.ts'
import { connectionRoutes } from './routes/connections.ts'
import { dataikuExportRoutes, dataikuImportRoutes } from './routes/dataiku.ts'
import { deliveryRoutes } from './routes/deliveries.ts'
import { evaluationRoutes, ruleEvaluationRoutes } from './routes/evaluations.ts'
import { eventRoutes } from './routes/events.ts'
import { explainRoutes } from './routes/explain.ts'
import { healthRoutes } from './routes/health.ts'
import { inboxRoutes } from './routes/inbox.ts'
import { kindRoutes } from './routes/kinds.ts'
import { metricsRoutes } from './routes/metrics.ts'
import { mlrunImportRoutes, runNotificationRoutes, scheduleNotificationRoutes } from './routes/mlrun.ts'
import { operationRoutes } from './routes/operations.ts'
import { pingRoutes, pingTargets } from './routes/pings.ts'
import { type RuleRunner, ruleRoutes } from './routes/rules.ts'
import { runRoutes } from './routes/runs.ts'
import { sampleRoutes } from './routes/sample.ts'
import { secretRoutes } from './routes/secrets.ts'
import { sessionRoutes } from './routes/session.ts'
import { trialRoutes } from './routes/trials.ts'
import { instanceVariableRoutes, variableRoutes } from './routes/variables.ts'
import { exportRoutes, importRoutes, notificationRoutes } from './routes/vianops.ts'

export interface HttpDeps {
  store: Store
  manage: Manage
  instanceMail: InstanceMail
  tryRule: RuleRunner['tryRule']
  scheduler: Pick<Scheduler, 'runNow'>
  runEvents: RunEvents
  pings: Pings
  streams: EventStreams
  log: Pick<Log, 'defect' | 'requestFinished'>
  clock: { now(): number }
  /** What keeps it from doing its work, in words; null when nothing does. */
  readiness: () => string | null
  /** Why no request but those of health is answered for the moment: it starts or stops. */
  closed: () => string | null
  /** What keeps it from making progress although it should, in words. */
  stalled: () => Promise<string | null>
  instance: () => Promise<InstanceStatus>
  metrics: () => Promise<{ contentType: string; text: string }>
  metricsAreOpen: () => boolean
  /** Whether people reach it by HTTPS. */
  isSecure: boolean
}

/**
 * Every route. All but the two of health, signing in, and the console's own files ask for a token or a session; all but
 * health and the console's files answer only between start and stop.
 */
export function createHttpApp(deps: HttpDeps): Hono<ApiEnv> {
  const { manage, log, clock } = deps
  const app = new Hono<ApiEnv>()
  app.use(async (context, next) => {
    const startedAt = clock.now()
    await next()
    const { headers } = context.res
    // Set here, since the context would make the answer anew for each.
    for (const [name, value] of securityHeaders) if (!headers.has(name)) headers.set(name, value)
    const { method, path } = context.req
    log.requestFinished({ method, path: withoutKey(path), status: context.res.status, took: clock.now() - startedAt })
  })
  app.onError((thrown, context) => answerFailure(context, thrown, log))
  app.notFound((context) => answerFailure(context, noRoute(context), log))

  app.route('/', healthRoutes(deps))
  app.route('/', consoleRoutes())
  app.use(async (_, next) => {
    const reason = deps.closed()
    if (reason !== null) throw new AppError('unavailable', `${reason} Try again in a moment.`)
    await next()
  })
  app.route('/metrics', metricsRoutes(deps))
  app.route('/p', pingTargets(deps.pings))
  app.route('/api/v1/session', sessionRoutes(manage, deps.isSecure))
  app.use('/api/*', requireHolder(manage))
  app.get('/api/v1/openapi.json', async (context) => {
    const { openApi } = await import('./openapi.ts')
    return context.json(openApi())
  })
  app.route('/api/v1/kinds', kindRoutes())
  app.route('/api/v1/operations', operationRoutes(deps.instanceMail))
  app.get('/api/v1/status', refuseProjectTokens, async (context) => context.json(await deps.instance()))
  app.get('/api/v1/projects', async (context) => {
    const { project } = context.get('holder')
    const names = project === null ? new Set(['default', ...(await deps.store.projects.names())]) : [project]
    return context.json({ items: [...names] })
  })
  app.route('/api/v1/variables', instanceVariableRoutes(manage))
  app.route('/api/v1/projects/:project', projectRoutes(deps))
  app.route('/api/v1', projectRoutes(deps))
  app.use('/v1/*', requireHolder(manage))
  app.route('/v1/notifications', notificationRoutes(manage, { runNow: deps.scheduler.runNow, now: clock.now }))
  return app
}

/** A path as it may be logged: that of a ping holds its key. */
function withoutKey(path: string): string {
  return path.replace(/^\/p\/[^/]+/, '/p/…')
}

function projectRoutes({ store, manage, tryRule, scheduler, runEvents, streams, clock }: HttpDeps): Hono<ApiEnv> {
  const runner = { tryRule, runNow: scheduler.runNow, now: clock.now }
  return new Hono<ApiEnv>()
    .use(enterProject())
    .get('/overview', async (context) => context.json(await overviewOf(store, context.get('caller').project)))
    .route('/events', eventRoutes(streams, manage))
    .route('/kinds', kindRoutes())
    .route('/connections', connectionRoutes(manage))
    .route('/channels', channelRoutes(manage))
    .route('/rules/:id/evaluations', ruleEvaluationRoutes(manage, store))
    .route('/rules', ruleRoutes(manage, store, runner))
    .route('/trials', trialRoutes(manage))
    .route('/pings', pingRoutes(manage))
    .route('/variables', variableRoutes(manage))
    .route('/runs', runNotificationRoutes(manage, runEvents))
    .route('/schedules', scheduleNotificationRoutes(manage))
    .route('/secrets', secretRoutes(manage))
    .route('/runs', runRoutes(manage, runEvents))
    .route('/evaluations', evaluationRoutes(store))
    .route('/alerts', alertRoutes(manage, store))
    .route('/deliveries', deliveryRoutes(manage, store))
    .route('/inbox', inboxRoutes(manage, store))
    .route('/explain', explainRoutes(manage))
    .route('/sample', sampleRoutes(manage))
    .route('/import', importRoutes(manage))
    .route('/import', dataikuImportRoutes(manage))
    .route('/import', mlrunImportRoutes(manage, runEvents))
    .route('/export', exportRoutes(manage))
    .route('/export', dataikuExportRoutes(manage))
}

/** Of every answer that does not bring its own: answers of the API are data, never to be kept or shown as a page. */
const securityHeaders = [
  ['X-Content-Type-Options', 'nosniff'],
  ['Cache-Control', 'no-store'],
  ['Referrer-Policy', 'no-referrer'],
  ['Cross-Origin-Opener-Policy', 'same-origin'],
  ['Cross-Origin-Resource-Policy', 'same-origin'],
  ['Content-Security-Policy', "default-src 'none'; frame-ancestors 'none'"],
] as const
