import { Hono } from 'hono'
import type { Manage } from '../../manage/index.ts'
import { refuseProjectTokens } from '../auth.ts'
import { type ApiEnv, readJson } from '../request.ts'

/** Variables of a project: `/variables`. */
export function variableRoutes({ variables }: Pick<Manage, 'variables'>): Hono<ApiEnv> {
  return new Hono<ApiEnv>()
    .get('/', async (context) => context.json(await variables.get(context.get('caller').project)))
    .put('/', async (context) => {
      const { project, actor } = context.get('caller')
      return context.json(await variables.put(project, actor, await readJson(context)))
    })
}

/** Those of the instance, which hold in every project: tokens of one project may not see or change them. */
export function instanceVariableRoutes({ variables }: Pick<Manage, 'variables'>): Hono<ApiEnv> {
  return new Hono<ApiEnv>()
    .use(refuseProjectTokens)
    .get('/', async (context) => context.json(await variables.get(null)))
    .put('/', async (context) =>
      context.json(await variables.put(null, context.get('holder').name, await readJson(context))),
    )
}
