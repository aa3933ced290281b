import * as v from 'valibot'
import { AppError } from '../errors.ts'
import { deliveryStates } from '../model/delivery.ts'
import { validate } from '../model/validate.ts'
import type { DeliveryFilter } from '../store/deliveries.ts'
import type { Caller, ManageContext } from './context.ts'
import { deliveriesIn, localReport } from './local-deliveries.ts'

export const bulkRequest = v.strictObject({
  action: v.picklist(['retry', 'discard'], 'must be "retry" or "discard"'),
  /** These deliveries, or all that the filter lets through. */
  ids: v.optional(v.pipe(v.array(v.string('must be text')), v.maxLength(500, 'must be at most 500 ids'))),
  filter: v.optional(
    v.strictObject({
      states: v.optional(v.array(v.picklist(deliveryStates, `must be one of ${deliveryStates.join(', ')}`))),
      ruleId: v.optional(v.string('must be text')),
      channelId: v.optional(v.string('must be text')),
      destination: v.optional(v.string('must be text')),
      from: v.optional(v.number('must be ms since 1970')),
      to: v.optional(v.number('must be ms since 1970')),
    }),
  ),
})

export type DeliveryManager = ReturnType<typeof manageDeliveries>

/** Sending again and giving up by hand. */
export function manageDeliveries({ store, clock }: Pick<ManageContext, 'store' | 'clock'>) {
  const record = ({ project, actor }: Caller, action: string, entityId: string) =>
    store.audit.record({ project, actor, action, entity: 'delivery', entityId })

  /** Throws `not-found` for one of another project too. */
  async function own(project: string, id: string): Promise<void> {
    if ((await store.deliveries.get(id))?.delivery.project !== project)
      throw new AppError('not-found', `There is no delivery "${id}".`)
  }

  async function retry(caller: Caller, id: string): Promise<void> {
    await own(caller.project, id)
    await store.deliveries.retry(id)
    await record(caller, 'retry', id)
  }

  async function discard(caller: Caller, id: string): Promise<void> {
    await own(caller.project, id)
    await store.deliveries.discard(id)
    await record(caller, 'discard', id)
  }

  return {
    retry,
    discard,

    /** Stores what a client sent by itself; one that is told of again is stored once. Resolves after the commit. */
    async takeLocal(caller: Caller, input: unknown): Promise<{ stored: number; duplicates: number }> {
      const deliveries = deliveriesIn(validate(localReport, input), caller, clock.now())
      const added = await store.deliveries.recordLocal(deliveries)
      const stored = added.filter(Boolean).length
      return { stored, duplicates: added.length - stored }
    },

    /** Either the named deliveries or all that match; answers how many were changed and what was refused. */
    async bulk(
      caller: Caller,
      input: unknown,
    ): Promise<{ changed: number; refused: { id: string; message: string }[] }> {
      const { action, ids, filter } = validate(bulkRequest, input)
      if ((ids === undefined) === (filter === undefined))
        throw new AppError('invalid', 'Give either ids or a filter.', [
          { path: 'ids', message: 'give either ids or a filter' },
        ])
      if (ids === undefined) {
        const matching = { ...filter, project: caller.project } as DeliveryFilter
        const all = action === 'retry' ? store.deliveries.retryAll : store.deliveries.discardAll
        const changed = await all(matching)
        await record(caller, `bulk-${action}`, '*')
        return { changed, refused: [] }
      }
      const refused: { id: string; message: string }[] = []
      for (const id of ids)
        await (action === 'retry' ? retry : discard)(caller, id).catch((thrown: unknown) => {
          if (!(thrown instanceof AppError)) throw thrown
          refused.push({ id, message: thrown.message })
        })
      return { changed: ids.length - refused.length, refused }
    },
  }
}
