import type { MiddlewareHandler } from 'hono'
import { getCookie } from 'hono/cookie'
import { AppError } from '../errors.ts'
import type { SessionManager } from '../manage/sessions.ts'
import type { TokenHolder, TokenManager } from '../manage/tokens.ts'
import { name } from '../model/rule.ts'
import { validate } from '../model/validate.ts'
import type { ApiContext, ApiEnv } from './request.ts'

/** Who may come in, by token or by session. */
export interface Doors {
  tokens: Pick<TokenManager, 'holderOf'>
  sessions: Pick<SessionManager, 'holderOf'>
}

const READING = new Set(['GET', 'HEAD', 'OPTIONS'])
/** Cookies that hold a session: one that is bound to HTTPS, where the instance is reached that way, and one that is not. */
export const sessionCookies = { secure: '__Host-tocsin', plain: 'tocsin' } as const
/** A header that no foreign page can send along, because browsers ask first and are never allowed. */
export const CONSOLE_HEADER = 'x-tocsin-console'

/**
 * Lets only holders of a token or a session in: viewers to read, editors and admins to change. Throws `unauthenticated`,
 * `forbidden`.
 */
export function requireHolder(doors: Doors): MiddlewareHandler<ApiEnv> {
  return async (context, next) => {
    const holder = await holderOf(doors, context)
    if (holder.role === 'viewer' && !READING.has(context.req.method))
      throw new AppError('forbidden', 'This token may only read. Use one with the role editor or admin.')
    context.set('holder', holder)
    await next()
  }
}

/** Keeps tokens of one project from what tells of all of them. Throws `forbidden`. */
export const refuseProjectTokens: MiddlewareHandler<ApiEnv> = async (context, next) => {
  const { project } = context.get('holder')
  if (project !== null)
    throw new AppError('forbidden', `This token is for the project "${project}" only; this tells of all projects.`)
  await next()
}

/** The secret of the session a request carries. */
export function sessionOf(context: ApiContext): string | undefined {
  return getCookie(context, sessionCookies.secure) ?? getCookie(context, sessionCookies.plain)
}

/**
 * Refuses requests that another site made a browser send: by what the browser itself says of their origin, and, for those
 * that change something, unless they carry the console's header. Throws `forbidden`.
 */
export function refuseForeign(context: ApiContext): void {
  const site = context.req.header('sec-fetch-site')
  const isWriting = !READING.has(context.req.method)
  const isForeign = site !== undefined && site !== 'same-origin' && (isWriting || site !== 'none')
  if (isForeign || (isWriting && context.req.header(CONSOLE_HEADER) === undefined))
    throw new AppError(
      'forbidden',
      'A session is taken from the console itself only. Programs send "Authorization: Bearer <token>" instead.',
    )
}

/** Names the project of the request, from its path or else `default`, and refuses tokens of another one. */
export function enterProject(): MiddlewareHandler<ApiEnv> {
  return async (context, next) => {
    const named = context.req.param('project')
    const project = named === undefined ? 'default' : validate(name, named, 'project')
    const holder = context.get('holder')
    if (holder.project !== null && holder.project !== project)
      throw new AppError('forbidden', `This token is for the project "${holder.project}" only.`)
    context.set('caller', { project, actor: holder.name })
    await next()
  }
}

/** Who asks. A token goes before a session; a wrong one is not made good by a session. Throws `unauthenticated`, `forbidden`. */
export async function holderOf({ tokens, sessions }: Doors, context: ApiContext): Promise<TokenHolder> {
  const [, token] = /^Bearer +(\S+)$/i.exec(context.req.header('authorization') ?? '') ?? []
  const session = sessionOf(context)
  if (token === undefined && session === undefined)
    throw new AppError(
      'unauthenticated',
      'A token is needed: send "Authorization: Bearer <token>". "tocsin token create" makes one.',
    )
  if (token !== undefined) {
    const holder = await tokens.holderOf(token)
    if (holder !== undefined) return holder
    throw new AppError('unauthenticated', 'This token is unknown or was revoked.')
  }
  refuseForeign(context)
  const holder = await sessions.holderOf(session ?? '')
  if (holder !== undefined) return holder
  throw new AppError('unauthenticated', 'The session has ended. Sign in again.')
}
