import { Hono } from 'hono'
import { AppError } from '../../errors.ts'
import { build } from '../../version.ts'

/** The routes that need no token: `/healthz` answers while the process lives, `/readyz` while it does its work. */
export function healthRoutes(readiness: () => string | null): Hono {
  return new Hono()
    .get('/healthz', (context) => context.json({ status: 'ok', version: build.version }))
    .get('/readyz', (context) => {
      const trouble = readiness()
      if (trouble !== null) throw new AppError('unavailable', trouble)
      return context.json({ status: 'ready' })
    })
}
