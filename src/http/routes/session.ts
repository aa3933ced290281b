import { Hono } from 'hono'
import { deleteCookie, setCookie } from 'hono/cookie'
import type { SessionManager } from '../../manage/sessions.ts'
import { LONGEST_SESSION } from '../../manage/sessions.ts'
import { type Doors, refuseForeign, requireHolder, sessionCookies, sessionOf } from '../auth.ts'
import { type ApiContext, type ApiEnv, readJson } from '../request.ts'

/**
 * Signing in and out with a cookie that no script can read, and who one is: `/session`. `isSecure` binds the cookie to
 * HTTPS.
 */
export function sessionRoutes(
  { tokens, sessions }: Doors & { sessions: SessionManager },
  isSecure: boolean,
): Hono<ApiEnv> {
  const cookie = { path: '/', httpOnly: true, secure: isSecure, sameSite: 'Strict' } as const
  const forget = (context: ApiContext) => {
    for (const name of Object.values(sessionCookies))
      deleteCookie(context, name, { path: '/', secure: name === sessionCookies.secure })
  }
  return new Hono<ApiEnv>()
    .post('/', async (context) => {
      refuseForeign(context)
      const { secret, holder } = await sessions.open(await readJson(context), context.env?.address ?? '')
      const name = isSecure ? sessionCookies.secure : sessionCookies.plain
      setCookie(context, name, secret, { ...cookie, maxAge: LONGEST_SESSION / 1000 })
      return context.json(holder, 201)
    })
    .delete('/', async (context) => {
      refuseForeign(context)
      const secret = sessionOf(context)
      if (secret !== undefined) await sessions.close(secret)
      forget(context)
      return context.body(null, 204)
    })
    .get('/', requireHolder({ tokens, sessions }), (context) => context.json(context.get('holder')))
}
