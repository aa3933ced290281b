import { createHash } from 'node:crypto'
import { pythonJson } from '../importers/mlrun/python-json.ts'
import type { Value } from '../language/expression/value.ts'
import { INTERNAL_SECRETS, type MlrunOwner } from '../model/mlrun.ts'

/**
 * The name under which MLRun conceals `secret_params`: `mlrun.notifications.` and the SHA-224 of their JSON as Python
 * writes it, keys in order. Equal parameters have one name.
 */
export function secretName(params: Value): string {
  return `${INTERNAL_SECRETS}notifications.${createHash('sha224').update(pythonJson(params)).digest('hex')}`
}

/** Tells a notification from all others of its project, in few letters. */
export function notificationMark(owner: MlrunOwner, name: string): string {
  return createHash('sha256')
    .update(JSON.stringify([owner.kind, owner.name, name]))
    .digest('hex')
    .slice(0, 8)
}
