import { Hono } from 'hono'
import type { Doors } from '../auth.ts'
import { holderOf } from '../auth.ts'
import type { EventStreams } from '../events.ts'
import type { ApiEnv } from '../request.ts'

/** What changes, as it changes: `/events`. */
export function eventRoutes(streams: EventStreams, doors: Doors): Hono<ApiEnv> {
  return new Hono<ApiEnv>().get('/', (context) => {
    const { project } = context.get('caller')
    const isAllowed = () =>
      holderOf(doors, context).then(
        (holder) => holder.project === null || holder.project === project,
        () => false,
      )
    // A proxy that gathers what it passes on would hold events back.
    const headers = { 'Content-Type': 'text/event-stream; charset=utf-8', 'X-Accel-Buffering': 'no' }
    return context.body(streams.open(project, isAllowed), 200, headers)
  })
}
