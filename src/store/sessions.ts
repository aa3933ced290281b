import { eq, lte } from 'drizzle-orm'
import type { StoreContext } from './context.ts'
import { sessions } from './schema.ts'
import type { Role } from './tokens.ts'

export type SessionRow = typeof sessions.$inferSelect

/** A session that works, with the token it stands for. */
export interface OpenSession extends Omit<SessionRow, 'hash'> {
  name: string
  role: Role
  project: string | null
}

export type SessionQueries = ReturnType<typeof sessionQueries>

export function sessionQueries({ database: { orm, raw }, writer, clock }: StoreContext) {
  const byHash = raw.prepare<[string, number], OpenSession>(
    `SELECT s.token_id AS tokenId, s.created_at AS createdAt, s.expires_at AS expiresAt, t.name, t.role, t.project
     FROM sessions s JOIN tokens t ON t.id = s.token_id WHERE s.hash = ? AND s.expires_at > ? AND t.revoked_at IS NULL`,
  )
  return {
    /** Removes those that have ended, too. */
    create: (session: SessionRow): Promise<void> =>
      writer.write(() => {
        orm.delete(sessions).where(lte(sessions.expiresAt, clock.now())).run()
        orm.insert(sessions).values(session).run()
      }),

    /** The session of this hash, unless it has ended or its token was revoked. */
    byHash: async (hash: string): Promise<OpenSession | undefined> => byHash.get(hash, clock.now()),

    extend: (hash: string, expiresAt: number): Promise<void> =>
      writer.write(() => {
        orm.update(sessions).set({ expiresAt }).where(eq(sessions.hash, hash)).run()
      }),

    remove: (hash: string): Promise<void> =>
      writer.write(() => {
        orm.delete(sessions).where(eq(sessions.hash, hash)).run()
      }),
  }
}
