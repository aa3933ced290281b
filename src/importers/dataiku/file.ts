import { isObject, type Json, type JsonObject } from '../../model/json.ts'

/** The scenario that a reporter belongs to, as far as it is known. */
export interface Scenario {
  projectKey?: string
  id?: string
  name?: string
}

/** One object of a file of Dataiku's. */
export type DataikuItem =
  | { what: 'channel'; object: unknown }
  | { what: 'reporter'; object: unknown; scenario: Scenario | null }

/**
 * The channels and reporters in a file, channels first: a reporter, a channel, a scenario with its reporters, a list of
 * any of these, or `{"channels": […], "scenarios": […], "reporters": […]}`. Undefined when there are none.
 */
export function dataikuItems(value: unknown): DataikuItem[] | undefined {
  const items = itemsOf(value)
  if (items === undefined || items.length === 0) return undefined
  return [...items.filter(({ what }) => what === 'channel'), ...items.filter(({ what }) => what === 'reporter')]
}

function itemsOf(value: unknown): DataikuItem[] | undefined {
  if (Array.isArray(value))
    return value.flatMap((item) => itemsOf(item) ?? [{ what: 'reporter', object: item, scenario: null }])
  if (!isObject(value)) return undefined
  if ('messaging' in value) return [{ what: 'reporter', object: value, scenario: null }]
  if ('configuration' in value) return [{ what: 'channel', object: value }]
  const { channels, scenarios, reporters } = value
  if (![channels, scenarios, reporters].some(Array.isArray)) return undefined
  return [
    ...listOf(channels).map((object): DataikuItem => ({ what: 'channel', object })),
    ...listOf(scenarios).flatMap((scenario) => itemsOf(scenario) ?? []),
    ...listOf(reporters).map((object): DataikuItem => ({ what: 'reporter', object, scenario: scenarioOf(value) })),
  ]
}

/** Which scenario an object tells of; null when it names none. */
function scenarioOf({ projectKey, id, name }: JsonObject): Scenario | null {
  const found: Scenario = {
    ...(typeof projectKey === 'string' ? { projectKey } : {}),
    ...(typeof id === 'string' ? { id } : {}),
    ...(typeof name === 'string' ? { name } : {}),
  }
  return found.id === undefined && found.name === undefined ? null : found
}

function listOf(value: Json | undefined): Json[] {
  return Array.isArray(value) ? value : []
}
