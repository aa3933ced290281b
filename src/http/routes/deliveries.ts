import { Hono } from 'hono'
import * as v from 'valibot'
import { AppError } from '../../errors.ts'
import type { Manage } from '../../manage/index.ts'
import { deliveryStates, isLocal } from '../../model/delivery.ts'
import { sentence } from '../../model/reason.ts'
import type { Store } from '../../store/index.ts'
import { type ApiEnv, IMPORT_LIMIT, page, pageOf, pathPart, readJson, readQuery, time } from '../request.ts'

const query = {
  ...page,
  state: v.optional(
    v.pipe(
      v.string(),
      v.transform((text) => text.split(',')),
      v.array(v.picklist(deliveryStates, `must be some of ${deliveryStates.join(',')}`)),
    ),
  ),
  rule: v.optional(v.string()),
  channel: v.optional(v.string()),
  from: v.optional(time),
  to: v.optional(time),
}

/** Deliveries with their attempts: `/deliveries`. */
export function deliveryRoutes(
  { deliveries, rules, channels }: Pick<Manage, 'deliveries' | 'rules' | 'channels'>,
  store: Store,
): Hono<ApiEnv> {
  async function show(project: string, id: string) {
    const found = await store.deliveries.get(id)
    if (found?.delivery.project !== project) throw new AppError('not-found', `There is no delivery "${id}".`)
    const { delivery, attempts, waitsFor } = found
    const { target, reason, ...rest } = delivery
    const { sealed: _, ...shown } = target
    const text = reason === null ? null : sentence(reason)
    const channel = target.channelId === null ? undefined : await store.channels.get(target.channelId)
    return {
      ...rest,
      target: shown,
      channel: channel?.name ?? null,
      reason: reason === null ? null : { ...reason, text },
      waitsFor,
      ...(isLocal(delivery) ? { local: true as const } : {}),
      attempts: attempts,
    }
  }

  return new Hono<ApiEnv>()
    .get('/', async (context) => {
      const { project } = context.get('caller')
      const { limit, after, state, rule, channel, from, to } = readQuery(context, query)
      const filter = {
        project,
        ...(state === undefined ? {} : { states: state }),
        ...(rule === undefined ? {} : { ruleId: (await rules.named(project, rule)).id }),
        ...(channel === undefined ? {} : { channelId: (await channels.get(project, channel)).id }),
        ...(from === undefined ? {} : { from }),
        ...(to === undefined ? {} : { to }),
      }
      return context.json(pageOf(await store.deliveries.list(filter, limit, after), limit, ({ id }) => id))
    })
    .post('/bulk', async (context) =>
      context.json(await deliveries.bulk(context.get('caller'), await readJson(context))),
    )
    .post('/local', async (context) =>
      context.json(await deliveries.takeLocal(context.get('caller'), await readJson(context, IMPORT_LIMIT))),
    )
    .get('/:id', async (context) => context.json(await show(context.get('caller').project, pathPart(context, 'id'))))
    .post('/:id/retry', async (context) => {
      await deliveries.retry(context.get('caller'), pathPart(context, 'id'))
      return context.json(await show(context.get('caller').project, pathPart(context, 'id')), 202)
    })
    .post('/:id/discard', async (context) => {
      await deliveries.discard(context.get('caller'), pathPart(context, 'id'))
      return context.json(await show(context.get('caller').project, pathPart(context, 'id')))
    })
}
