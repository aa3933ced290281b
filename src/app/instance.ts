import type { Clock } from '../clock.ts'
import type { InstanceStatus } from '../model/instance.ts'
import { runtimeName } from '../runtime.ts'
import type { Store } from '../store/index.ts'
import type { Snapshot } from '../telemetry.ts'
import type { Scheduler } from '../trigger/scheduler.ts'
import { build } from '../version.ts'

export interface Instance {
  /** Notes that it works, and where its API is. */
  started(url: string): void
  status(): Promise<InstanceStatus>
  /** What the metrics tell. */
  snapshot(): Promise<Snapshot>
}

/** Alerts, connections and channels that a status names; the rest are counted. */
const NAMED = 50

/** Tells how the whole daemon stands, over all projects. */
export function createInstance(parts: {
  store: Store
  scheduler: Pick<Scheduler, 'load'>
  dataDir: string
  clock: Clock
  readiness: () => string | null
}): Instance {
  const { store, scheduler, dataDir, clock, readiness } = parts
  let url: string | null = null
  let startedAt = clock.now()
  return {
    started(at) {
      url = at
      startedAt = clock.now()
    },
    async status() {
      const [census, broken, trouble] = await Promise.all([
        store.census.count(),
        store.census.broken(),
        store.census.trouble(NAMED),
      ])
      return {
        version: build.version,
        runtime: runtimeName(),
        pid: process.pid,
        url,
        dataDir,
        startedAt,
        now: clock.now(),
        notReady: readiness(),
        ...census,
        broken,
        scheduler: scheduler.load(),
        trouble,
      }
    },
    async snapshot() {
      const [census, broken] = await Promise.all([store.census.count(), store.census.broken()])
      return {
        ...census,
        breakersOpen: broken.connections,
        channelsDisabled: broken.channels,
        ...scheduler.load(),
        isReady: readiness() === null,
      }
    },
  }
}
