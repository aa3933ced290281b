import { Hono } from 'hono'
import * as v from 'valibot'
import type { Manage } from '../../manage/index.ts'
import { type ApiEnv, pathPart, readQuery } from '../request.ts'

const query = { about: v.optional(v.literal('run', 'must be "run", or left out')) }

/** Why something did or did not send, in words: `/explain/{rule, run, evaluation or delivery}`. */
export function explainRoutes({ explain }: Pick<Manage, 'explain'>): Hono<ApiEnv> {
  return new Hono<ApiEnv>().get('/:id', async (context) => {
    const { about } = readQuery(context, query)
    return context.json(await explain(context.get('caller').project, pathPart(context, 'id'), about))
  })
}
