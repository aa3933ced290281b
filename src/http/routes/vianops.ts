import { Hono } from 'hono'
import * as v from 'valibot'
import { invalid } from '../../errors.ts'
import type { Notification } from '../../importers/vianops/notification.ts'
import type { Manage } from '../../manage/index.ts'
import type { Told } from '../../manage/notification-rules.ts'
import { validate } from '../../model/validate.ts'
import { type ApiContext, type ApiEnv, IMPORT_LIMIT, page, pathPart, readJson } from '../request.ts'
import type { RuleRunner } from './rules.ts'

/** Where what there is to say of an accepted notification is put, so that the body stays the object alone. */
const WARNINGS = 'X-Tocsin-Warnings'
/** Longer ones are cut: proxies refuse large headers. */
const MOST_WARNINGS = 4000

/** Rules as VIANOPS notifications: `/v1/notifications`. */
export function notificationRoutes(
  { notifications }: Pick<Manage, 'notifications'>,
  runner: Pick<RuleRunner, 'runNow' | 'now'>,
): Hono<ApiEnv> {
  return new Hono<ApiEnv>()
    .use(async (context, next) => {
      const { project, name } = context.get('holder')
      context.set('caller', { project: project ?? 'default', actor: name })
      await next()
    })
    .get('/', async (context) => {
      const { limit, after, tag } = readFilter(context)
      const tags = tag.map((group) => group.split(',').map((one) => one.trim()))
      const found = await notifications.list(context.get('caller').project, { tags, after, limit })
      const last = found.length === limit ? found.at(-1)?.index : undefined
      if (last !== undefined) context.header('Link', nextPage(context, last))
      return context.json(found.map((one) => seen(context, one)))
    })
    .post('/', async (context) => {
      const told = await notifications.create(context.get('caller'), await readJson(context))
      context.header('Location', `/v1/notifications/${told.notification.index}`)
      return answer(context, told, 201)
    })
    .get('/:index', async (context) =>
      answer(context, await notifications.get(context.get('caller').project, indexOf(context))),
    )
    .put('/:index', async (context) =>
      answer(context, await notifications.replace(context.get('caller'), indexOf(context), await readJson(context))),
    )
    .delete('/:index', async (context) => {
      await notifications.remove(context.get('caller'), indexOf(context))
      return context.body(null, 204)
    })
    .post('/:index/pause', async (context) =>
      answer(context, await notifications.pause(context.get('caller'), indexOf(context))),
    )
    .post('/:index/resume', async (context) =>
      answer(context, await notifications.resume(context.get('caller'), indexOf(context))),
    )
    .post('/:index/test', async (context) => context.json(await test(context, notifications, runner)))
}

/** Notifications in bulk: `/import/vianops`. */
export function importRoutes({ imports }: Pick<Manage, 'imports'>): Hono<ApiEnv> {
  return new Hono<ApiEnv>().post('/vianops', async (context) =>
    context.json(await imports.import(context.get('caller'), await readJson(context, IMPORT_LIMIT))),
  )
}

/** And back: `/export/vianops`. */
export function exportRoutes({ imports }: Pick<Manage, 'imports'>): Hono<ApiEnv> {
  return new Hono<ApiEnv>().get('/vianops', async (context) => {
    const found = await imports.export(context.get('caller').project)
    return context.json({ notifications: found.map((one) => seen(context, one)) })
  })
}

/** Runs it now, whatever its switches, schedule and suppression say; its state and `lastalert` stay as they are. */
async function test(
  context: ApiContext,
  notifications: Manage['notifications'],
  { runNow, now }: Pick<RuleRunner, 'runNow' | 'now'>,
) {
  const index = indexOf(context)
  const rule = await notifications.rule(context.get('caller').project, index)
  const tick = { cause: 'manual', scheduledAt: now(), missedTicks: 0, isTest: true } as const
  const { id, verdict, value, trace, deliveries } = await runNow(rule, tick)
  return {
    index,
    name: rule.definition.name,
    fired: verdict === 'true',
    verdict,
    value,
    error: trace.error,
    deliveries: deliveries.map((delivery) => delivery.id),
    evaluation: id,
    trace,
  }
}

function answer(context: ApiContext, { notification, warnings }: Told, status: 200 | 201 = 200): Response {
  if (warnings.length > 0) context.header(WARNINGS, headerText(warnings))
  return context.json(seen(context, notification), status)
}

/** The path of an address is often a secret in itself, so those who may only read are shown where it leads alone. */
function seen(context: ApiContext, notification: Notification): Notification {
  const { restendpoint } = notification
  if (context.get('holder').role !== 'viewer' || !URL.canParse(restendpoint)) return notification
  return { ...notification, restendpoint: `${new URL(restendpoint).origin}/…` }
}

function nextPage(context: ApiContext, last: number): string {
  const query = new URL(context.req.url).searchParams
  query.set('after', String(last))
  return `</v1/notifications?${query}>; rel="next"`
}

/** As a JSON list in plain ASCII. */
function headerText(warnings: readonly string[]): string {
  const encode = (texts: readonly string[]) =>
    JSON.stringify(texts).replace(/[^\x20-\x7e]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)
  const told = [...warnings]
  while (told.length > 1 && encode(told).length > MOST_WARNINGS) told.pop()
  const left = warnings.length - told.length
  return encode(left === 0 ? told : [...told, `and ${left} more`])
}

function indexOf(context: ApiContext): number {
  const text = pathPart(context, 'index')
  if (!/^\d{1,15}$/.test(text)) throw invalid('index', 'must be the whole number that the list gives')
  return Number(text)
}

function readFilter(context: ApiContext) {
  const { tag = [], ...rest } = context.req.queries()
  const single = Object.entries(rest).map(([key, values]) => [key, values.at(-1)] as const)
  const after = v.optional(v.pipe(v.string(), v.regex(/^\d{1,15}$/, 'must be an index'), v.transform(Number)), '0')
  const filter = v.strictObject({ limit: page.limit, after })
  return { ...validate(filter, { limit: '500', ...Object.fromEntries(single) }), tag }
}
