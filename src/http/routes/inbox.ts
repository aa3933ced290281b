import { Hono } from 'hono'
import * as v from 'valibot'
import { AppError } from '../../errors.ts'
import type { Manage } from '../../manage/index.ts'
import { validate } from '../../model/validate.ts'
import type { Store } from '../../store/index.ts'
import { type ApiEnv, flag, page, pageOf, pathPart, readOptionalJson, readQuery } from '../request.ts'

const query = { ...page, unread: flag, channel: v.optional(v.string()) }

/** Which messages are marked as read: those named, or all up to one, or all. */
export const readRequest = v.pipe(
  v.strictObject({
    ids: v.optional(
      v.pipe(v.array(v.string('must be text'), 'must be a list'), v.maxLength(500, 'must be at most 500 at a time')),
    ),
    upTo: v.optional(v.string('must be the id of a message')),
  }),
  v.forward(
    v.check(({ ids, upTo }) => ids === undefined || upTo === undefined, 'cannot go with ids'),
    ['upTo'],
  ),
)

/** Messages that were delivered into Tocsin itself: `/inbox`. */
export function inboxRoutes({ channels }: Pick<Manage, 'channels'>, { inbox }: Pick<Store, 'inbox'>): Hono<ApiEnv> {
  async function shown(project: string, id: string) {
    const item = await inbox.get(project, id)
    if (item === undefined) throw new AppError('not-found', `There is no message "${id}" in the inbox.`)
    return item
  }

  async function mark(project: string, id: string, isRead: boolean) {
    await inbox.mark(project, [id], isRead)
    return shown(project, id)
  }

  return new Hono<ApiEnv>()
    .get('/', async (context) => {
      const { project } = context.get('caller')
      const { limit, after, unread, channel } = readQuery(context, query)
      const filter = {
        project,
        isUnread: unread,
        ...(channel === undefined ? {} : { channelId: (await channels.get(project, channel)).id }),
      }
      const items = await inbox.list(filter, limit, after)
      return context.json({ ...pageOf(items, limit, ({ id }) => id), unread: await inbox.unread(project) })
    })
    .post('/read', async (context) => {
      const { project } = context.get('caller')
      const { ids, upTo } = validate(readRequest, await readOptionalJson(context))
      if (ids !== undefined) await inbox.mark(project, ids, true)
      else await inbox.markAll(project, upTo === undefined ? undefined : (await shown(project, upTo)).id)
      return context.json({ unread: await inbox.unread(project) })
    })
    .get('/:id', async (context) => context.json(await shown(context.get('caller').project, pathPart(context, 'id'))))
    .post('/:id/read', async (context) =>
      context.json(await mark(context.get('caller').project, pathPart(context, 'id'), true)),
    )
    .post('/:id/unread', async (context) =>
      context.json(await mark(context.get('caller').project, pathPart(context, 'id'), false)),
    )
}
