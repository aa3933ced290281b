import { randomBytes } from 'node:crypto'
import * as v from 'valibot'
import type { Clock } from '../clock.ts'
import { AppError } from '../errors.ts'
import { newId } from '../ids.ts'
import { name } from '../model/rule.ts'
import { validate } from '../model/validate.ts'
import { digestOf } from '../secrets.ts'
import type { Store } from '../store/index.ts'
import type { Role, TokenRow } from '../store/tokens.ts'

const roles = ['admin', 'editor', 'viewer'] as const satisfies readonly Role[]

const newToken = v.strictObject({
  name,
  role: v.picklist(roles, `must be one of ${roles.join(', ')}`),
  /** Restricts it to one project. */
  project: v.optional(v.nullable(name), null),
})

/** Who a token stands for. */
export interface TokenHolder {
  /** Id of the token. */
  id: string
  name: string
  role: Role
  project: string | null
}

export type TokenManager = ReturnType<typeof manageTokens>

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567'

/** Makes, lists and ends bearer tokens. It needs no master key. */
export function manageTokens({ store, clock }: { store: Pick<Store, 'tokens' | 'audit'>; clock: Clock }) {
  return {
    /** The token, which is shown this once. */
    async create(actor: string, input: unknown): Promise<{ id: string; token: string }> {
      const wanted = validate(newToken, input)
      const token = `tcs_${base32(randomBytes(32))}`
      const id = newId('tok', clock.now())
      await store.tokens.create({ id, ...wanted, hash: digestOf(token), createdAt: clock.now() })
      await store.audit.record({ project: wanted.project, actor, action: 'create', entity: 'token', entityId: id })
      return { id, token }
    },

    list: (): Promise<Omit<TokenRow, 'hash'>[]> => store.tokens.list(),

    /** Ends a token by id or name. Throws `not-found`. */
    async revoke(actor: string, idOrName: string): Promise<void> {
      const id = await store.tokens.revoke(idOrName)
      if (id === undefined) throw new AppError('not-found', `There is no token "${idOrName}" that still works.`)
      await store.audit.record({ project: null, actor, action: 'revoke', entity: 'token', entityId: id })
    },

    /** Who holds the token; undefined when nobody does. */
    holderOf: async (token: string): Promise<TokenHolder | undefined> =>
      token.startsWith('tcs_') ? store.tokens.byHash(digestOf(token)) : undefined,
  }
}

function base32(bytes: Uint8Array): string {
  let text = ''
  let bits = 0
  let held = 0
  for (const byte of bytes) {
    held = (held << 8) | byte
    bits += 8
    for (; bits >= 5; bits -= 5) text += ALPHABET[(held >> (bits - 5)) & 31]
    held &= (1 << bits) - 1
  }
  return bits === 0 ? text : text + ALPHABET[(held << (5 - bits)) & 31]
}
