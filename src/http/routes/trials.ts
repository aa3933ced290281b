import { Hono } from 'hono'
import type { TrialManager } from '../../manage/trials.ts'
import { type ApiEnv, readJson } from '../request.ts'

/** Trying a condition and a schedule: `/trials`. Queries are tried at their connection. */
export function trialRoutes({ trials }: { trials: TrialManager }): Hono<ApiEnv> {
  return new Hono<ApiEnv>()
    .post('/condition', async (context) => context.json(await trials.condition(await readJson(context))))
    .post('/schedule', async (context) => context.json(await trials.schedule(await readJson(context))))
}
