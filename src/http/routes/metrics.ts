import { Hono } from 'hono'
import { type Doors, refuseProjectTokens, requireHolder } from '../auth.ts'
import type { ApiEnv } from '../request.ts'

export interface MetricsDeps {
  manage: Doors
  metrics: () => Promise<{ contentType: string; text: string }>
  /** Whether they are for everybody. */
  metricsAreOpen: () => boolean
}

/** Prometheus' figures, for holders of a token of no single project, or for everybody where that was configured. */
export function metricsRoutes({ manage, metrics, metricsAreOpen }: MetricsDeps): Hono<ApiEnv> {
  const ask = requireHolder(manage)
  const unlessOpen = (guard: typeof ask): typeof ask => {
    return (context, next) => (metricsAreOpen() ? next() : guard(context, next))
  }
  return new Hono<ApiEnv>().get('/', unlessOpen(ask), unlessOpen(refuseProjectTokens), async (context) => {
    const { contentType, text } = await metrics()
    return context.body(text, 200, { 'Content-Type': contentType })
  })
}
