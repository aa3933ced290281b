import { webhook } from '../src/channels/webhook.ts'
import { systemClock } from '../src/clock.ts'
import { createTargetOpener } from '../src/deliver/resolve-target.ts'
import { createWorker, type Worker } from '../src/deliver/worker.ts'
import { createLog } from '../src/log.ts'
import { createHttp, type EgressPolicy } from '../src/net.ts'
import { createPrograms } from '../src/programs.ts'
import type { DeliveryQueries } from '../src/store/deliveries.ts'
import type { Finished } from '../src/store/delivery-turns.ts'
import type { Store } from '../src/store/index.ts'
import { openStore } from '../src/store/open.ts'
import { fail } from './world.ts'

/** The right half of Tocsin alone: a store in a folder and the worker that sends its webhooks. */
export interface BenchOutbox {
  store: Store
  worker: Worker
  close(): void
}

export const loopback: EgressPolicy = { policy: 'open', allow: ['127.0.0.0/8'], own: [], authorities: [] }

/** `recorded` is told of the attempts of each turn once they are stored. */
export function openOutbox(folder: string, recorded: (finished: readonly Finished[]) => void): BenchOutbox {
  const clock = systemClock
  const { store } = openStore(folder, clock, { onSyncTrouble: fail })
  const channelOf = (kind: string) => (kind === 'webhook' ? webhook : undefined)
  const http = createHttp(loopback)
  const turn: DeliveryQueries['turn'] = async (collect) => {
    let finished: readonly Finished[] = []
    const result = await store.deliveries.turn((now) => {
      const asked = collect(now)
      finished = asked.finished
      return asked
    })
    recorded(finished)
    return result
  }
  const worker = createWorker({
    store: { ...store, deliveries: { ...store.deliveries, turn } },
    channelOf,
    openTarget: createTargetOpener({
      channels: store.channels,
      projectSecrets: store.notificationLists,
      channelOf,
      secrets: { open: (sealed: string) => sealed },
    }),
    http,
    clock,
    log: createLog(() => {}, 'info', clock),
    print: () => {},
    programs: createPrograms([]),
  })
  return {
    store,
    worker,
    close() {
      http.close()
      store.close()
    },
  }
}
