import type { MiddlewareHandler } from 'hono'
import { AppError } from '../errors.ts'
import type { TokenManager } from '../manage/tokens.ts'
import { name } from '../model/rule.ts'
import { validate } from '../model/validate.ts'
import type { ApiEnv } from './request.ts'

const READING = new Set(['GET', 'HEAD', 'OPTIONS'])

/** Lets only holders of a token in: viewers to read, editors and admins to change. Throws `unauthenticated`, `forbidden`. */
export function requireToken(tokens: Pick<TokenManager, 'holderOf'>): MiddlewareHandler<ApiEnv> {
  return async (context, next) => {
    const [, token] = /^Bearer +(\S+)$/i.exec(context.req.header('authorization') ?? '') ?? []
    if (token === undefined)
      throw new AppError(
        'unauthenticated',
        'A token is needed: send "Authorization: Bearer <token>". "tocsin token create" makes one.',
      )
    const holder = await tokens.holderOf(token)
    if (holder === undefined) throw new AppError('unauthenticated', 'This token is unknown or was revoked.')
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

/** Names the project of the request, from its path or else `default`, and refuses tokens of another one. */
export function enterProject(): MiddlewareHandler<ApiEnv> {
  return async (context, next) => {
    const project = validate(name, context.req.param('project') ?? 'default', 'project')
    const holder = context.get('holder')
    if (holder.project !== null && holder.project !== project)
      throw new AppError('forbidden', `This token is for the project "${holder.project}" only.`)
    context.set('caller', { project, actor: holder.name })
    await next()
  }
}
