import { expect } from 'bun:test'
import type { InProcess } from './in-process.ts'
import { eventually } from './servers.ts'

/** What became of a notification for one state. */
interface ShownState {
  run: string
  state: string
  attempt: number
  status: string
  deliveries: string[]
}

/** A notification as the API shows it. */
export interface ShownNotification {
  name: string
  kind: string
  params: Record<string, unknown>
  status: string
  sent_time: string | null
  reason: string | null
  statuses: ShownState[]
}

export interface NotificationsAnswer {
  notifications: ShownNotification[]
  warnings: string[]
  issues: { path: string; message: string }[]
}

/** A run that the test tells of, and its notifications. */
export interface NotifiedRun {
  uid: string
  path: string
  tell(event: Record<string, unknown>): Promise<void>
  set(notifications: unknown[]): Promise<{ status: number; body: NotificationsAnswer }>
  shown(): Promise<ShownNotification[]>
  /** Waits until the first notification has this status. */
  settled(status: string): Promise<ShownNotification>
}

let number = 0

/** A new run of the project `rows`. */
export async function notifiedRun(daemon: InProcess, event: Record<string, unknown> = {}): Promise<NotifiedRun> {
  number += 1
  const uid = `run-uid-${number}`
  const path = `/api/v1/projects/rows/runs/${uid}`
  const tell = async (changes: Record<string, unknown>) => {
    expect((await daemon.call('PUT', path, changes)).status).toBe(200)
  }
  const shown = async () => (await daemon.call<NotificationsAnswer>('GET', `${path}/notifications`)).body.notifications
  await tell({ name: 'test-run', state: 'created', ...event })
  return {
    uid,
    path,
    tell,
    set: (notifications) => daemon.call<NotificationsAnswer>('PUT', `${path}/notifications`, { notifications }),
    shown,
    async settled(status) {
      let first: ShownNotification | undefined
      await eventually(async () => {
        ;[first] = await shown()
        expect(first?.status, first?.reason ?? '').toBe(status)
      }, 5000)
      if (first === undefined) throw new Error('There is no notification.')
      return first
    },
  }
}
