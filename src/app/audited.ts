import type { Log } from '../log.ts'
import type { Store } from '../store/index.ts'

/** The store, whose audit trail is told to the log as well, so that it is kept where nobody of this instance can touch it. */
export function audited(store: Store, log: Pick<Log, 'changed'>): Store {
  return {
    ...store,
    audit: {
      ...store.audit,
      async record(entry) {
        await store.audit.record(entry)
        const { project, actor, action, entity, entityId } = entry
        log.changed({ project, actor, action, entity, id: entityId })
      },
    },
  }
}
