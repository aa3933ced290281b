import { createHash, randomBytes } from 'node:crypto'
import * as v from 'valibot'
import { AppError } from '../errors.ts'
import { validate } from '../model/validate.ts'
import type { ManageContext } from './context.ts'
import type { TokenHolder, TokenManager } from './tokens.ts'

export const signInRequest = v.strictObject({
  token: v.pipe(
    v.string('must be text'),
    v.trim(),
    v.nonEmpty('must not be empty'),
    v.maxLength(200, 'must be at most 200 characters'),
  ),
})

/** A sign-in: the secret for the browser alone, and whom it stands for. */
export interface SignIn {
  secret: string
  holder: TokenHolder
}

export type SessionManager = ReturnType<typeof manageSessions>

const HOUR = 3_600_000
/** A session ends so long (ms) after it was last used, and so long after its beginning in any case. */
const IDLE = 12 * HOUR
export const LONGEST_SESSION = 7 * 24 * HOUR
/** Its end is moved only once that moves it by this much (ms), so that not every request writes. */
const STEP = HOUR / 4
/** So many wrong tokens from one address within a minute close the door to it for the rest of that minute. */
const MOST_FAILURES = 10
const MINUTE = 60_000
/** Addresses remembered; the oldest are forgotten first. */
const MOST_ADDRESSES = 10_000

/** Signs people in and out of the console. A session does what its token may do, and ends when that is revoked. */
export function manageSessions(
  { store, clock }: Pick<ManageContext, 'store' | 'clock'>,
  tokens: Pick<TokenManager, 'holderOf'>,
) {
  const failures = new Map<string, { count: number; since: number }>()

  function failed(address: string) {
    const now = clock.now()
    const known = failures.get(address)
    const current = known === undefined || known.since + MINUTE <= now ? { count: 0, since: now } : known
    failures.delete(address)
    failures.set(address, { ...current, count: current.count + 1 })
    const oldest = failures.keys().next()
    if (failures.size > MOST_ADDRESSES && oldest.done !== true) failures.delete(oldest.value)
  }

  function isClosedTo(address: string): boolean {
    const known = failures.get(address)
    return known !== undefined && known.count >= MOST_FAILURES && known.since + MINUTE > clock.now()
  }

  return {
    /** Throws `invalid`, `unauthenticated`, and `too-many` after too many wrong tokens from that address. */
    async open(input: unknown, address: string): Promise<SignIn> {
      if (isClosedTo(address))
        throw new AppError('too-many', 'Too many wrong tokens came from your address. Wait a minute and try again.')
      const { token } = validate(signInRequest, input)
      const holder = await tokens.holderOf(token)
      if (holder === undefined) {
        failed(address)
        throw new AppError('unauthenticated', 'This token is unknown or was revoked.', [
          { path: 'token', message: 'is unknown or was revoked; "tocsin token create" makes a new one' },
        ])
      }
      const secret = randomBytes(32).toString('base64url')
      const createdAt = clock.now()
      const session = { hash: hashOf(secret), tokenId: holder.id, createdAt, expiresAt: createdAt + IDLE }
      await store.sessions.create(session)
      const { id: entityId, name: actor, project } = holder
      await store.audit.record({ project, actor, action: 'sign-in', entity: 'session', entityId })
      return { secret, holder }
    },

    /** Whom the session stands for; undefined once it has ended. */
    async holderOf(secret: string): Promise<TokenHolder | undefined> {
      const hash = hashOf(secret)
      const session = await store.sessions.byHash(hash)
      if (session === undefined) return undefined
      const end = Math.min(session.createdAt + LONGEST_SESSION, clock.now() + IDLE)
      if (end - session.expiresAt >= STEP) await store.sessions.extend(hash, end)
      const { tokenId: id, name, role, project } = session
      return { id, name, role, project }
    },

    async close(secret: string): Promise<void> {
      const hash = hashOf(secret)
      const session = await store.sessions.byHash(hash)
      await store.sessions.remove(hash)
      if (session === undefined) return
      const { tokenId: entityId, name: actor, project } = session
      await store.audit.record({ project, actor, action: 'sign-out', entity: 'session', entityId })
    },
  }
}

function hashOf(secret: string): string {
  return createHash('sha256').update(secret).digest('base64url')
}
