import { Hono } from 'hono'
import type { Manage } from '../../manage/index.ts'
import type { MlrunOwner } from '../../model/mlrun.ts'
import { endStates } from '../../model/run.ts'
import type { RunEvents } from '../../trigger/run-events.ts'
import { type ApiContext, type ApiEnv, IMPORT_LIMIT, pathPart, readJsonText } from '../request.ts'

type Managed = Pick<Manage, 'mlrun' | 'runs'>

/** Notifications of runs at MLRun's paths: `/runs/{uid}/notifications`. */
export function runNotificationRoutes({ mlrun, runs }: Managed, events: RunEvents): Hono<ApiEnv> {
  return new Hono<ApiEnv>()
    .get('/:uid/notifications', (context) => list(context, mlrun, runOf(context)))
    .put('/:uid/notifications', async (context) => {
      const caller = context.get('caller')
      const owner = runOf(context)
      const { warnings } = await mlrun.replace(caller, owner, await readJsonText(context, IMPORT_LIMIT))
      // One that is under way comes to its end yet; of one that has ended nothing more is heard.
      const { state } = await runs.get(caller.project, owner.name)
      if (endStates.includes(state)) await events.reconsider(caller.project, owner.name)
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

async function list(context: ApiContext, mlrun: Manage['mlrun'], owner: MlrunOwner): Promise<Response> {
  return context.json({ notifications: await mlrun.list(context.get('caller').project, owner) })
}

function runOf(context: ApiContext): MlrunOwner {
  return { kind: 'run', name: pathPart(context, 'uid') }
}

function scheduleOf(context: ApiContext): MlrunOwner {
  return { kind: 'schedule', name: pathPart(context, 'name') }
}
