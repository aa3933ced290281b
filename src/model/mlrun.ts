import * as v from 'valibot'
import type { JsonObject } from './json.ts'
import type { Severity } from './message.ts'

export const mlrunKinds = ['console', 'git', 'ipython', 'slack', 'mail', 'webhook'] as const
export type MlrunKind = (typeof mlrunKinds)[number]

/** MLRun's words for how grave a notification is, with ours. */
export const mlrunSeverities = {
  info: 'info',
  debug: 'debug',
  verbose: 'debug',
  warning: 'warning',
  error: 'error',
} as const satisfies Record<string, Severity>
export type MlrunSeverity = keyof typeof mlrunSeverities

export const mlrunStatuses = ['pending', 'sent', 'error'] as const
export type MlrunStatus = (typeof mlrunStatuses)[number]

/** States for which MLRun sends; of `running` it tells for pipelines alone. */
export const mlrunStates = ['completed', 'error', 'aborted', 'running'] as const

const severityNames = Object.keys(mlrunSeverities) as MlrunSeverity[]
const oneOf = (names: readonly string[]) => `must be one of ${names.join(', ')}`
const text = v.string('must be text')
const object = v.custom<JsonObject>(
  (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
  'must be an object',
)

/** What is not given, and what is empty, is the default, as MLRun's client has it. */
function defaulted<Schema extends v.GenericSchema<unknown, unknown>>(schema: Schema, value: v.InferOutput<Schema>) {
  return v.pipe(
    v.optional(v.nullable(schema), null),
    v.transform((given): v.InferOutput<Schema> => (isEmpty(given) ? value : (given as v.InferOutput<Schema>))),
  )
}

function isEmpty(value: unknown): boolean {
  return value === null || value === '' || (Array.isArray(value) && value.length === 0)
}

/** A notification as MLRun's API takes it. Keys it does not know are ignored; what the server keeps is not taken. */
export const mlrunNotification = v.object({
  kind: v.optional(v.picklist(mlrunKinds, oneOf(mlrunKinds)), 'slack'),
  name: defaulted(text, ''),
  message: defaulted(text, ''),
  severity: v.optional(v.nullable(v.picklist(severityNames, oneOf(severityNames))), 'info'),
  /** MLRun takes any words; those it knows no state for never come to pass. */
  when: defaulted(v.array(text, 'must be a list such as ["completed","error"]'), ['completed']),
  condition: defaulted(text, ''),
  params: defaulted(object, {}),
  secret_params: defaulted(object, {}),
  status: v.optional(v.nullable(v.picklist(mlrunStatuses, oneOf(mlrunStatuses)))),
  sent_time: v.optional(v.nullable(text)),
  reason: v.optional(v.nullable(text)),
})

/** A notification as it is kept: its `secret_params` are empty or name the secret that holds them. */
export type MlrunNotification = Omit<v.InferOutput<typeof mlrunNotification>, 'status' | 'sent_time' | 'reason'>

/** Whose notifications a list are. */
export interface MlrunOwner {
  kind: 'run' | 'schedule'
  /** The run's uid, or the schedule's name. */
  name: string
}

/** Names of secrets that only the notifications themselves make begin with this. */
export const INTERNAL_SECRETS = 'mlrun.'

/** By which key a list of notifications is kept. */
export function ownerKey({ kind, name }: MlrunOwner): string {
  return `${kind}:${name}`
}
