import * as v from 'valibot'
import { AppError, invalid } from '../errors.ts'
import { INTERNAL_SECRETS } from '../model/mlrun.ts'
import { SECRET_NAME, secretIdentity } from '../model/secret-reference.ts'
import { validate } from '../model/validate.ts'
import { type Caller, inUse, type ManageContext, notFound } from './context.ts'

/** Secrets to set, by name. */
export const secretsRequest = v.strictObject({
  secrets: v.record(
    v.string(),
    v.pipe(v.string('must be text'), v.nonEmpty('must not be empty'), v.maxLength(921_600, 'must be at most 900 kB')),
    'must be an object such as {"SLACK":"{\\"webhook\\":\\"https://…\\"}"}',
  ),
})

export type ProjectSecretManager = ReturnType<typeof manageProjectSecrets>

/** Secrets of a project: set, replaced, removed and listed by name; their values never come back. */
export function manageProjectSecrets({ store, secrets, clock }: Pick<ManageContext, 'store' | 'secrets' | 'clock'>) {
  const record = ({ project, actor }: Caller, action: string, name: string) =>
    store.audit.record({ project, actor, action, entity: 'secret', entityId: name, detail: { name } })

  return {
    /** Names, but for those that notifications conceal theirs under. */
    list: async (project: string): Promise<string[]> =>
      (await store.notificationLists.secretNames(project)).filter((name) => !isInternal(name)),

    /** Sets what is named and leaves the others. Throws `invalid`, and `forbidden` for names that are not the user's. */
    async set(caller: Caller, input: unknown): Promise<void> {
      const given = Object.entries(validate(secretsRequest, input).secrets)
      for (const [name] of given) {
        refuseInternal(name)
        if (!SECRET_NAME.test(name))
          throw invalid(`secrets.${name}`, 'is no name: use up to 253 letters, digits, dots, hyphens and underscores')
      }
      const { project } = caller
      const sealed = given.map(([name, value]) => ({
        name,
        sealed: secrets.seal(value, secretIdentity(project, name)),
      }))
      await store.notificationLists.putSecrets(project, sealed, clock.now())
      for (const [name] of given) await record(caller, 'set', name)
    },

    /** Throws `not-found`, and `conflict` while notifications refer to it, unless forced. */
    async remove(caller: Caller, name: string, force = false): Promise<void> {
      refuseInternal(name)
      const { project } = caller
      const names = await store.notificationLists.secretNames(project)
      if (!names.includes(name))
        throw notFound(
          'secret',
          name,
          names.filter((one) => !isInternal(one)),
        )
      const users = force ? [] : await store.notificationLists.secretUsers(project, name)
      if (users.length > 0) throw inUse('secret', name, users)
      await store.notificationLists.removeSecret(project, name)
      await record(caller, 'remove', name)
    },
  }
}

function isInternal(name: string): boolean {
  return name.startsWith(INTERNAL_SECRETS)
}

function refuseInternal(name: string): void {
  if (isInternal(name))
    throw new AppError(
      'forbidden',
      `Names beginning "${INTERNAL_SECRETS}" belong to the notifications themselves. Choose another name than "${name}".`,
    )
}
