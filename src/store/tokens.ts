import { and, asc, eq, isNull, or } from 'drizzle-orm'
import { AppError } from '../errors.ts'
import type { StoreContext } from './context.ts'
import { tokens } from './schema.ts'

/** A stored token; `hash` is the SHA-256 of the token, which itself is not kept. */
export type TokenRow = typeof tokens.$inferSelect
export type Role = TokenRow['role']
export type TokenQueries = ReturnType<typeof tokenQueries>

export function tokenQueries({ database: { orm, raw }, writer, clock }: StoreContext) {
  const byHash = raw.prepare<[string], { id: string; name: string; role: Role; project: string | null }>(
    'SELECT id, name, role, project FROM tokens WHERE hash = ? AND revoked_at IS NULL',
  )
  return {
    /** Throws `conflict` when a token that still works has the name. */
    create: (token: Omit<TokenRow, 'revokedAt'>): Promise<void> =>
      writer.write(() => {
        const taken = orm
          .select()
          .from(tokens)
          .where(and(eq(tokens.name, token.name), isNull(tokens.revokedAt)))
          .get()
        if (taken !== undefined)
          throw new AppError(
            'conflict',
            `There is a token named "${token.name}" already. Choose another name or revoke that one.`,
            [{ path: 'name', message: 'is taken by another token' }],
          )
        orm
          .insert(tokens)
          .values({ ...token, revokedAt: null })
          .run()
      }),

    /** The token that still works and has this hash. */
    byHash: async (hash: string) => byHash.get(hash),

    /** Every token, oldest first, without its hash. */
    list: async (): Promise<Omit<TokenRow, 'hash'>[]> =>
      orm
        .select()
        .from(tokens)
        .orderBy(asc(tokens.createdAt), asc(tokens.id))
        .all()
        .map(({ hash: _, ...token }) => token),

    /** Ends a token by its id or name, and answers its id; undefined when none that works is there. */
    revoke: (idOrName: string): Promise<string | undefined> =>
      writer.write(
        () =>
          orm
            .update(tokens)
            .set({ revokedAt: clock.now() })
            .where(and(or(eq(tokens.id, idOrName), eq(tokens.name, idOrName)), isNull(tokens.revokedAt)))
            .returning({ id: tokens.id })
            .get()?.id,
      ),
  }
}
