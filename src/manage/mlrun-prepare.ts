import { AppError } from '../errors.ts'
import { newId } from '../ids.ts'
import type { MlrunItem } from '../importers/mlrun/notification.ts'
import { paramPath } from '../importers/mlrun/param-types.ts'
import { mlrunRule } from '../importers/mlrun/rule.ts'
import { fromJson } from '../language/expression/json.ts'
import type { Value } from '../language/expression/value.ts'
import type { MlrunOwner } from '../model/mlrun.ts'
import { type InlineChannel, type Route, routeKeys } from '../model/rule.ts'
import { paramsIdentity, referenceText, type SecretReference, secretIdentity } from '../model/secret-reference.ts'
import { faulty } from '../model/validate.ts'
import type { SealedSecret } from '../store/notification-lists.ts'
import type { NewRule } from '../store/rules.ts'
import { type Caller, channelKind, type ManageContext } from './context.ts'
import { notificationMark, secretName } from './mlrun-names.ts'
import { partParams } from './mlrun-params.ts'
import { sealSettings } from './settings.ts'

/** In whose list a notification is stored, by whom and when (ms since 1970). */
interface Place {
  caller: Caller
  owner: MlrunOwner
  now: number
}

/** A notification ready to be stored: its rule, and the secret that conceals its parameters. */
export interface ReadyNotification {
  rule: NewRule
  secret: SealedSecret | null
}

type Context = Pick<ManageContext, 'secrets' | 'defaultsOf'>

/**
 * Makes the rule of a notification and seals what is secret in it. `params` are its secret parameters as they were
 * written, from which their name is made. Throws `invalid` for settings that its kind of channel does not take.
 */
export function prepareNotification(
  context: Context,
  { caller: { project, actor }, owner, now }: Place,
  item: MlrunItem,
  params: Value | undefined,
  path: string,
): ReadyNotification {
  const id = newId('rul', now)
  const { notification, reference, warnings } = item
  const hidden = notification.secret_params
  const isConcealed = reference === null && Object.keys(hidden).length > 0
  const name = isConcealed ? secretName(params ?? fromJson(hidden)) : null
  const { shown, hidden: own } = partParams(notification.kind, notification.params)
  const kept = { ...notification, params: shown, ...(name === null ? {} : { secret_params: { secret: name } }) }
  const sealed = own === null ? null : context.secrets.seal(JSON.stringify(own), paramsIdentity(id))
  const { channel, inline } =
    reference === null
      ? writtenOut(context, id, item, path)
      : referring(project, { secret: reference, kind: kept.kind, params: shown, sealed })
  const definition = mlrunRule(owner, kept, channel, notificationMark(owner, kept.name))
  const [key] = routeKeys(definition)
  const seal = (secret: string) => context.secrets.seal(JSON.stringify(hidden), secretIdentity(project, secret))
  return {
    rule: {
      id,
      project,
      definition,
      inline: inline === null || key === undefined ? {} : { [key]: inline },
      origin: null,
      notification: { ...kept, owner, sealed },
      warnings,
      blocked: null,
      createdBy: actor,
      createdAt: now,
      nextDueAt: null,
    },
    secret: name === null ? null : { name, sealed: seal(name) },
  }
}

interface Outlet {
  channel: Route['channel']
  inline: InlineChannel | null
}

function writtenOut(context: Context, id: string, { channel }: MlrunItem, path: string): Outlet {
  if (channel === null) return { channel: null, inline: null }
  const kind = channelKind(context, channel.kind)
  // The route is the only one, so its kind is its key.
  const seal = (plain: string) => context.secrets.seal(plain, `rules|${id}|${channel.kind}`)
  const stored = namingParams(path, () => sealSettings(kind, channel.settings, null, seal, ''))
  return {
    channel: { kind: channel.kind, settings: stored.settings },
    inline: { destination: stored.destination, sealed: stored.sealed },
  }
}

/** What is wrong is told of the parameters, since nobody has written the settings that are made of them. */
function namingParams<Made>(path: string, make: () => Made): Made {
  try {
    return make()
  } catch (thrown) {
    if (!(thrown instanceof AppError) || thrown.issues.length === 0) throw thrown
    throw faulty(
      thrown.issues.map((issue) => ({ ...issue, path: `${path}.params.${paramPath(issue.path.replace(/^\./, ''))}` })),
    )
  }
}

/** Where the secret alone tells where it leads, it is opened when the message is sent. */
function referring(project: string, reference: SecretReference): Outlet {
  const { secret, kind } = reference
  if (kind === 'ipython') return { channel: null, inline: null }
  return {
    channel: { kind, settings: {} },
    inline: { destination: `${kind} secret ${project}/${secret}`, sealed: referenceText(reference) },
  }
}
