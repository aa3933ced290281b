import { Hono } from 'hono'
import { AppError } from '../../errors.ts'
import type { SampleManager } from '../../manage/sample.ts'
import { type ApiContext, type ApiEnv, readOptionalJson } from '../request.ts'

/** A sample database with rules on it, for newcomers: `/sample`. Only admins make and remove it. */
export function sampleRoutes({ sample }: { sample: SampleManager }): Hono<ApiEnv> {
  return new Hono<ApiEnv>()
    .get('/', async (context) => context.json({ sample: await sample.get(context.get('caller').project) }))
    .post('/', async (context) => {
      requireAdmin(context)
      const made = await sample.create(context.get('caller'), await readOptionalJson(context))
      return context.json({ sample: made }, 201)
    })
    .delete('/', async (context) => {
      requireAdmin(context)
      await sample.remove(context.get('caller'))
      return context.body(null, 204)
    })
}

function requireAdmin(context: ApiContext): void {
  if (context.get('holder').role !== 'admin')
    throw new AppError('forbidden', 'The sample is made and removed by admins. Use a token with the role admin.')
}
