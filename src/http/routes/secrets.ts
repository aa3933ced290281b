import { Hono } from 'hono'
import type { Manage } from '../../manage/index.ts'
import { type ApiEnv, flag, pathPart, readJson, readQuery } from '../request.ts'

/** Secrets of a project, by name alone: `/secrets`. */
export function secretRoutes({ projectSecrets }: Pick<Manage, 'projectSecrets'>): Hono<ApiEnv> {
  const named = (names: readonly string[]) => ({ items: names.map((name) => ({ name })) })
  return new Hono<ApiEnv>()
    .get('/', async (context) => context.json(named(await projectSecrets.list(context.get('caller').project))))
    .post('/', async (context) => {
      const caller = context.get('caller')
      await projectSecrets.set(caller, await readJson(context))
      return context.json(named(await projectSecrets.list(caller.project)))
    })
    .delete('/:name', async (context) => {
      const { force } = readQuery(context, { force: flag })
      await projectSecrets.remove(context.get('caller'), pathPart(context, 'name'), force)
      return context.body(null, 204)
    })
}
