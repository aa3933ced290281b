import { Hono } from 'hono'
import { AppError } from '../../errors.ts'
import type { InstanceMail } from '../../manage/instance-mail.ts'
import type { ApiEnv } from '../request.ts'

/** What concerns the instance as a whole: `/operations`. For admins alone. */
export function operationRoutes(mail: InstanceMail): Hono<ApiEnv> {
  return new Hono<ApiEnv>()
    .use(async (context, next) => {
      if (context.get('holder').role !== 'admin')
        throw new AppError('forbidden', 'This needs a token of the role admin.')
      await next()
    })
    .post('/refresh-smtp-configuration', (context) => {
      mail.refresh()
      const { password, ...smtp } = mail.defaults()
      return context.json({ smtp, secrets: password === undefined ? [] : ['password'] }, 202)
    })
}
