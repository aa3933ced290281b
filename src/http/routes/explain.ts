import { Hono } from 'hono'
import type { Manage } from '../../manage/index.ts'
import { type ApiEnv, pathPart } from '../request.ts'

/** Why something did or did not send, in words: `/explain/{rule, evaluation or delivery}`. */
export function explainRoutes({ explain }: Pick<Manage, 'explain'>): Hono<ApiEnv> {
  return new Hono<ApiEnv>().get('/:id', async (context) =>
    context.json(await explain(context.get('caller').project, pathPart(context, 'id'))),
  )
}
