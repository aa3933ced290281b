import type { JsonObject } from './json.ts'
import type { MlrunKind } from './mlrun.ts'

/**
 * Stands where sealed settings would: the settings of the channel are read, when it is used, from MLRun's parameters, those
 * of the project's secret of that name among them. It holds no secret in clear.
 */
export interface SecretReference {
  secret: string
  kind: MlrunKind
  /** Those that hold no secret, and marks in the place of the others. */
  params: JsonObject
  /** The others, sealed for `paramsIdentity`; null when there are none. */
  sealed: string | null
}

const PREFIX = 'reference:'

export function referenceText(reference: SecretReference): string {
  return `${PREFIX}${JSON.stringify(reference)}`
}

/** The reference that stands where sealed settings would; undefined when these are sealed settings. */
export function referenceIn(sealed: string): SecretReference | undefined {
  return sealed.startsWith(PREFIX) ? (JSON.parse(sealed.slice(PREFIX.length)) as SecretReference) : undefined
}

/** What the secrets among a notification's `params` are sealed for. */
export function paramsIdentity(ruleId: string): string {
  return `rules|${ruleId}|params`
}

/** What secrets of a project may be named. */
export const SECRET_NAME = /^[\w.-]{1,253}$/

/** What a secret of a project is sealed for. */
export function secretIdentity(project: string, name: string): string {
  return `secrets|${project}|${name}`
}
