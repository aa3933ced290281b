import { Hono } from 'hono'
import * as v from 'valibot'
import type { Manage } from '../../manage/index.ts'
import type { ShownNotification } from '../../manage/mlrun-status.ts'
import type { MlrunOwner } from '../../model/mlrun.ts'
import { validate } from '../../model/validate.ts'
import type { RunEvents } from '../../trigger/run-events.ts'
import { type ApiContext, type ApiEnv, IMPORT_LIMIT, pathPart, readJsonText } from '../request.ts'

/** Notifications of runs at MLRun's paths: `/runs/{uid}/notifications`. */
export function runNotificationRoutes(
  { mlrun, runs }: Pick<Manage, 'mlrun' | 'runs'>,
  events: RunEvents,
): Hono<ApiEnv> {
  return new Hono<ApiEnv>()
    .get('/:uid/notifications', (context) => list(context, mlrun, runOf(context)))
    .put('/:uid/notifications', async (context) => {
      const caller = context.get('caller')
      const owner = runOf(context)
      const { warnings } = await mlrun.replace(caller, owner, await readJsonText(context, IMPORT_LIMIT))
      await events.reconsiderEnded(caller.project, owner.name)
      return context.json({ notifications: await mlrun.list(caller.project, owner), warnings })
    })
    .post('/:uid/push-notifications', async (context) => {
      const { project } = context.get('caller')
      const owner = runOf(context)
      await runs.get(project, owner.name)
      await events.reconsider(project, owner.name)
      const name = `push-notifications-${owner.name}`
      return context.json({
        kind: 'BackgroundTask',
        metadata: { name, project },
        status: { state: 'succeeded' },
        notifications: await mlrun.list(project, owner),
      })
    })
}

/** Notifications of schedules: `/schedules/{name}/notifications`. */
export function scheduleNotificationRoutes({ mlrun }: Pick<Manage, 'mlrun'>): Hono<ApiEnv> {
  return new Hono<ApiEnv>()
    .get('/:name/notifications', (context) => list(context, mlrun, scheduleOf(context)))
    .put('/:name/notifications', async (context) => {
      const body = await readJsonText(context, IMPORT_LIMIT)
      return context.json(await mlrun.replace(context.get('caller'), scheduleOf(context), body))
    })
}

const importRequest = v.pipe(
  v.object({
    run: v.optional(v.string('must be the uid of a run')),
    schedule: v.optional(v.string('must be the name of a schedule')),
    apply: v.optional(v.boolean('must be true or false'), false),
  }),
  v.check(
    ({ run, schedule }) => (run === undefined) !== (schedule === undefined),
    'must have either "run" or "schedule", for which the notifications are',
  ),
)

/** Plans to take over a list of notifications, or does it: `/import/mlrun`. */
export function mlrunImportRoutes({ mlrun }: Pick<Manage, 'mlrun'>, events: RunEvents): Hono<ApiEnv> {
  return new Hono<ApiEnv>().post('/mlrun', async (context) => {
    const caller = context.get('caller')
    const body = await readJsonText(context, IMPORT_LIMIT)
    const { run, schedule, apply } = validate(importRequest, body.json)
    const owner: MlrunOwner =
      run === undefined ? { kind: 'schedule', name: schedule ?? '' } : { kind: 'run', name: run }
    if (!apply) return context.json({ applied: false, ...(await mlrun.plan(caller, owner, body)) })
    const done = await mlrun.replace(caller, owner, body)
    if (run !== undefined) await events.reconsiderEnded(caller.project, run)
    return context.json({ applied: true, ...done })
  })
}

async function list(context: ApiContext, mlrun: Manage['mlrun'], owner: MlrunOwner): Promise<Response> {
  return context.json({ notifications: await shownNotifications(context, mlrun, owner) })
}

/** The notifications that hold for a run or schedule, as the caller may see them. */
export async function shownNotifications(
  context: ApiContext,
  mlrun: Manage['mlrun'],
  owner: MlrunOwner,
): Promise<ShownNotification[]> {
  const found = await mlrun.list(context.get('caller').project, owner)
  return found.map((one) => seen(context, one))
}

/** A parameter may be a secret where nobody expects one, so those who may only read see their names alone. */
function seen(context: ApiContext, notification: ShownNotification): ShownNotification {
  if (context.get('holder').role !== 'viewer') return notification
  const params = Object.fromEntries(Object.keys(notification.params).map((key) => [key, '***']))
  return { ...notification, params }
}

function runOf(context: ApiContext): MlrunOwner {
  return { kind: 'run', name: pathPart(context, 'uid') }
}

function scheduleOf(context: ApiContext): MlrunOwner {
  return { kind: 'schedule', name: pathPart(context, 'name') }
}
