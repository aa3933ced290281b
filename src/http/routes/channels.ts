import { Hono } from 'hono'
import type { Manage } from '../../manage/index.ts'
import { type ApiEnv, flag, page, pageOf, pathPart, readJson, readQuery } from '../request.ts'

/** Channels: `/channels`. */
export function channelRoutes({ channels }: Pick<Manage, 'channels'>): Hono<ApiEnv> {
  return new Hono<ApiEnv>()
    .get('/', async (context) => {
      const { limit, after } = readQuery(context, page)
      const { project } = context.get('caller')
      const items = await channels.list({ project, limit, ...(after === undefined ? {} : { after }) })
      return context.json(pageOf(items, limit, ({ name }) => name))
    })
    .post('/', async (context) =>
      context.json(await channels.create(context.get('caller'), await readJson(context)), 201),
    )
    .get('/:id', async (context) =>
      context.json(await channels.get(context.get('caller').project, pathPart(context, 'id'))),
    )
    .on(['PUT', 'PATCH'], '/:id', async (context) => {
      const { force } = readQuery(context, { force: flag })
      const body = await readJson(context)
      return context.json(await channels.update(context.get('caller'), pathPart(context, 'id'), body, force))
    })
    .delete('/:id', async (context) => {
      const { force } = readQuery(context, { force: flag })
      await channels.remove(context.get('caller'), pathPart(context, 'id'), force)
      return context.body(null, 204)
    })
    .post('/:id/enable', async (context) =>
      context.json(await channels.enable(context.get('caller'), pathPart(context, 'id'))),
    )
    .post('/:id/disable', async (context) =>
      context.json(await channels.disable(context.get('caller'), pathPart(context, 'id'))),
    )
    .post('/:id/send', async (context) => {
      const body = await readJson(context)
      return context.json(
        { deliveries: await channels.send(context.get('caller'), pathPart(context, 'id'), body) },
        202,
      )
    })
    .post('/:id/test', async (context) =>
      context.json({ deliveries: await channels.test(context.get('caller'), pathPart(context, 'id')) }, 202),
    )
}
