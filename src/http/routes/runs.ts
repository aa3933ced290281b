import { Hono } from 'hono'
import * as v from 'valibot'
import { invalid } from '../../errors.ts'
import type { Manage } from '../../manage/index.ts'
import { runKinds, runStates } from '../../model/run.ts'
import type { EventAnswer, RunEvents } from '../../trigger/run-events.ts'
import { type ApiEnv, IMPORT_LIMIT, page, pageOf, pathPart, readJson, readQuery } from '../request.ts'
import { shownNotifications } from './mlrun.ts'

const filters = {
  ...page,
  after: v.optional(v.pipe(v.string(), v.regex(/^\d+$/, 'must be what "next" was'), v.transform(Number))),
  name: v.optional(v.string()),
  search: v.optional(v.string()),
  kind: v.optional(v.picklist(runKinds, `must be one of ${runKinds.join(', ')}`)),
  state: v.optional(
    v.pipe(
      v.string(),
      v.transform((text) => text.split(',')),
      v.array(v.picklist(runStates, `must be of ${runStates.join(', ')}, separated by commas`)),
    ),
  ),
  /** MLRun's name for it; its client writes True. */
  'with-notifications': v.optional(
    v.pipe(
      v.string(),
      v.toLowerCase(),
      v.picklist(['true', 'false'], 'must be true or false'),
      v.transform((text) => text === 'true'),
    ),
  ),
  label: v.optional(
    v.pipe(
      v.string(),
      v.regex(/^[^=]+=/, 'must be name=value'),
      v.transform((text) => [text.slice(0, text.indexOf('=')), text.slice(text.indexOf('=') + 1)] as const),
    ),
  ),
}

/** What is shown of a run besides. */
const formats = { format: v.optional(v.picklist(['notifications'], 'must be notifications, or left out')) }

/** Runs and their events: `/runs`. */
export function runRoutes({ runs, mlrun }: Pick<Manage, 'runs' | 'mlrun'>, events: RunEvents): Hono<ApiEnv> {
  return new Hono<ApiEnv>()
    .get('/', async (context) => {
      const { 'with-notifications': notified, ...asked } = readQuery(context, filters)
      const { limit, after, name, search, kind, state, label } = asked
      const found = await runs.list({
        project: context.get('caller').project,
        limit,
        ...(after === undefined ? {} : { before: after }),
        ...(name === undefined ? {} : { name }),
        ...(search === undefined ? {} : { search }),
        ...(kind === undefined ? {} : { kind }),
        ...(state === undefined ? {} : { states: state }),
        ...(notified === undefined ? {} : { notified }),
        ...(label === undefined ? {} : { labels: [label] }),
      })
      const { next } = pageOf(found, limit, ({ cursor }) => String(cursor))
      return context.json({ items: found.map(({ run }) => run), next })
    })
    .post('/events', async (context) => {
      const inputs = listOf(await readJson(context, IMPORT_LIMIT))
      return context.json(summaryOf(await events.takeAll(context.get('caller').project, null, inputs)))
    })
    .get('/:uid', async (context) => {
      const { format } = readQuery(context, formats)
      const name = pathPart(context, 'uid')
      const run = await runs.get(context.get('caller').project, name)
      if (format === undefined) return context.json(run)
      return context.json({ ...run, notifications: await shownNotifications(context, mlrun, { kind: 'run', name }) })
    })
    .get('/:uid/reportersStates', async (context) => {
      const reportersStates = await runs.reporters(context.get('caller').project, pathPart(context, 'uid'))
      return context.json({ reportersStates })
    })
    .put('/:uid', async (context) => {
      const { project } = context.get('caller')
      const uid = pathPart(context, 'uid')
      await events.take(project, uid, await readJson(context, IMPORT_LIMIT))
      return context.json(await runs.get(project, uid))
    })
    .post('/:uid/events', async (context) => {
      const { project } = context.get('caller')
      const uid = pathPart(context, 'uid')
      const body = await readJson(context, IMPORT_LIMIT)
      if (!Array.isArray(body) && !(typeof body === 'object' && body !== null && 'events' in body))
        return context.json({ status: await events.take(project, uid, body) })
      return context.json(summaryOf(await events.takeAll(project, uid, listOf(body))))
    })
}

function listOf(body: unknown): readonly unknown[] {
  if (Array.isArray(body)) return body
  const { events, ...rest } = (typeof body === 'object' && body !== null ? body : {}) as { events?: unknown }
  const [unknown] = Object.keys(rest)
  if (unknown !== undefined) throw invalid(unknown, 'unknown key. The body must be {"events":[…]} or a list of events.')
  if (!Array.isArray(events)) throw invalid('events', 'must be a list of events')
  return events
}

function summaryOf(results: readonly EventAnswer[]) {
  const counts: Record<EventAnswer['status'], number> = { applied: 0, duplicate: 0, invalid: 0 }
  for (const { status } of results) counts[status] += 1
  return { applied: counts.applied, duplicates: counts.duplicate, invalid: counts.invalid, results }
}
