import { readMlrunChannel } from '../importers/mlrun/channel.ts'
import type { Delivery } from '../model/delivery.ts'
import { isObject, type JsonObject } from '../model/json.ts'
import type { Reason } from '../model/reason.ts'
import { paramsIdentity, type SecretReference, secretIdentity } from '../model/secret-reference.ts'
import type { Secrets } from '../secrets.ts'
import type { NotificationListQueries } from '../store/notification-lists.ts'

interface ReferenceSources {
  secrets: Pick<Secrets, 'open'>
  projectSecrets: Pick<NotificationListQueries, 'sealedSecret'>
}

/**
 * The settings that a project's secret, laid under the parameters of the notification that a rule stands for, gives; or why
 * there are none. It never tells the secret.
 */
export async function openReference(
  { secrets, projectSecrets }: ReferenceSources,
  { project, ruleId }: Pick<Delivery, 'project' | 'ruleId'>,
  { secret, kind, params, sealed: own }: SecretReference,
): Promise<{ settings: JsonObject } | { closed: Reason }> {
  const sealed = await projectSecrets.sealedSecret(project, secret)
  if (sealed === undefined)
    return closed(`the project has no secret "${secret}"; set it, then send the message again by hand`)
  const hidden = parametersIn(secrets.open(sealed, secretIdentity(project, secret)))
  if (hidden === undefined)
    return closed(`the secret "${secret}" is no JSON object of parameters such as {"webhook":"https://…"}; set it anew`)
  const known = own === null ? {} : (JSON.parse(secrets.open(own, paramsIdentity(ruleId ?? ''))) as JsonObject)
  const { channel, issues } = readMlrunChannel(kind, { ...hidden, ...params, ...known })
  if (channel !== null) return { settings: channel.settings }
  const first = issues[0]?.message ?? `the kind ${kind} does nothing here`
  return closed(`with the secret "${secret}" the parameters are not valid: ${first}`)
}

function parametersIn(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

function closed(detail: string): { closed: Reason } {
  return { closed: { code: 'rejected', detail } }
}
