import { type Context, Hono } from 'hono'
import type { Manage } from '../../manage/index.ts'
import type { Pings } from '../../trigger/pings.ts'
import { type ApiEnv, page, pageOf, pathPart, readJson, readQuery, readText } from '../request.ts'

/** Bytes that may be sent along with a ping; of more than is kept, the end is. */
const BODY_LIMIT = 1024 * 1024

/** Ping addresses: `/pings`. */
export function pingRoutes({ pings }: Pick<Manage, 'pings'>): Hono<ApiEnv> {
  return new Hono<ApiEnv>()
    .get('/', async (context) => {
      const { limit, after } = readQuery(context, page)
      const { project } = context.get('caller')
      const items = await pings.list({ project, limit, ...(after === undefined ? {} : { after }) })
      return context.json(pageOf(items, limit, ({ name }) => name))
    })
    .post('/', async (context) => context.json(await pings.create(context.get('caller'), await readJson(context)), 201))
    .delete('/:id', async (context) => {
      await pings.remove(context.get('caller'), pathPart(context, 'id'))
      return context.body(null, 204)
    })
}

/** What cron lines ask for, without a token: `/p/{key}` and what may follow it. */
export function pingTargets(pings: Pings): Hono<ApiEnv> {
  const answer = async (context: Context) => {
    const method = context.req.method
    await pings.take({
      key: pathPart(context, 'key'),
      signal: pathPart(context, 'signal'),
      run: context.req.query('rid')?.slice(0, 200) || null,
      body: method === 'GET' || method === 'HEAD' ? '' : await readText(context, BODY_LIMIT),
    })
    return context.text('OK\n')
  }
  const methods = ['GET', 'HEAD', 'POST', 'PUT']
  return new Hono<ApiEnv>().on(methods, '/:key', answer).on(methods, '/:key/:signal', answer)
}
