import { Hono } from 'hono'
import type { Manage } from '../../manage/index.ts'
import {
  type ApiContext,
  type ApiEnv,
  flag,
  page,
  pageOf,
  pathPart,
  readJson,
  readOptionalJson,
  readQuery,
} from '../request.ts'

/** Channels: `/channels`. */
export function channelRoutes({ channels, sends }: Pick<Manage, 'channels' | 'sends'>): Hono<ApiEnv> {
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
      return answer(context, await sends.send(context.get('caller'), pathPart(context, 'id'), body))
    })
    .post('/test', async (context) => {
      const body = await readJson(context)
      return answer(context, await sends.testDraft(context.get('caller'), body))
    })
    .post('/:id/test', async (context) => {
      const body = await readOptionalJson(context)
      return answer(context, await sends.test(context.get('caller'), pathPart(context, 'id'), body))
    })

  /** The ids of the deliveries, or with `?wait=true` what came of their first attempts. */
  async function answer(context: ApiContext, deliveries: string[]) {
    const { wait } = readQuery(context, { wait: flag })
    if (!wait) return context.json({ deliveries }, 202)
    return context.json({ deliveries, results: await sends.results(deliveries) })
  }
}
