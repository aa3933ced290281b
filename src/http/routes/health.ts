import { Hono } from 'hono'
import { AppError } from '../../errors.ts'
import { build } from '../../version.ts'

export interface HealthDeps {
  readiness: () => string | null
  stalled: () => Promise<string | null>
}

/** The routes that need no token: `/healthz` answers while the process lives, `/readyz` while it does its work. */
export function healthRoutes({ readiness, stalled }: HealthDeps): Hono {
  return new Hono()
    .get('/healthz', (context) => context.json({ status: 'ok', version: build.version }))
    .get('/readyz', async (context) => {
      const trouble = readiness() ?? (await stalled())
      if (trouble !== null) throw new AppError('unavailable', trouble)
      return context.json({ status: 'ready' })
    })
}
