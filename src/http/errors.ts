import type { Context } from 'hono'
import { AppError, type ErrorCode, errorStatus } from '../errors.ts'
import type { Log } from '../log.ts'

/** The one shape of every failure the API answers with. `current` is the stored object where an edit came too late. */
interface ErrorBody {
  code: ErrorCode
  message: string
  issues: readonly { path: string; message: string }[]
  current?: unknown
  /** The message again, where clients of MLRun look for it. */
  detail?: string
}

/** Paths that are MLRun's too. */
const MLRUN_PATH =
  /\/(?:runs|schedules)\/[^/]+\/(?:push-)?notifications$|\/secrets(?:\/[^/]+)?$|\/refresh-smtp-configuration$/

/** Answers a failure; the only place that makes one. What is not an `AppError` is a defect: logged, and not shown. */
export function answerFailure(context: Context, thrown: unknown, log: Pick<Log, 'defect'>): Response {
  const failure = thrown instanceof AppError ? thrown : defect(context, thrown, log)
  const { code, message, issues, current } = failure
  const detail = MLRUN_PATH.test(context.req.path) ? { detail: message } : {}
  const body: ErrorBody = { code, message, issues, ...(current === undefined ? {} : { current }), ...detail }
  const headers = code === 'unauthenticated' ? { 'WWW-Authenticate': 'Bearer realm="tocsin"' } : {}
  return context.json(body, errorStatus[code], headers)
}

/** The failure of a request that leads nowhere. */
export function noRoute(context: Context): AppError {
  return new AppError(
    'not-found',
    `There is nothing at ${context.req.method} ${context.req.path}. The routes are listed at /api/v1/openapi.json.`,
  )
}

function defect(context: Context, thrown: unknown, log: Pick<Log, 'defect'>): AppError {
  log.defect({ where: `${context.req.method} ${context.req.routePath}`, error: thrown })
  return new AppError('internal', 'Something went wrong inside Tocsin. The log tells what; nothing was changed.')
}
