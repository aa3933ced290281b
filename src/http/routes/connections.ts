import { Hono } from 'hono'
import type { Manage } from '../../manage/index.ts'
import { type ApiEnv, flag, page, pageOf, pathPart, readJson, readOptionalJson, readQuery } from '../request.ts'

/** Connections: `/connections`. */
export function connectionRoutes({ connections, trials }: Pick<Manage, 'connections' | 'trials'>): Hono<ApiEnv> {
  return new Hono<ApiEnv>()
    .get('/', async (context) => {
      const { limit, after } = readQuery(context, page)
      const { project } = context.get('caller')
      const items = await connections.list({ project, limit, ...(after === undefined ? {} : { after }) })
      return context.json(pageOf(items, limit, ({ name }) => name))
    })
    .post('/', async (context) =>
      context.json(await connections.create(context.get('caller'), await readJson(context)), 201),
    )
    .get('/:id', async (context) =>
      context.json(await connections.get(context.get('caller').project, pathPart(context, 'id'))),
    )
    .on(['PUT', 'PATCH'], '/:id', async (context) => {
      const { force } = readQuery(context, { force: flag })
      const body = await readJson(context)
      return context.json(await connections.update(context.get('caller'), pathPart(context, 'id'), body, force))
    })
    .delete('/:id', async (context) => {
      const { force } = readQuery(context, { force: flag })
      await connections.remove(context.get('caller'), pathPart(context, 'id'), force)
      return context.body(null, 204)
    })
    .post('/:id/query', async (context) => {
      const body = await readJson(context)
      return context.json(await trials.query(context.get('caller'), pathPart(context, 'id'), body))
    })
    .post('/:id/check', async (context) => {
      await readOptionalJson(context)
      return context.json(await connections.check(context.get('caller'), pathPart(context, 'id')))
    })
}
