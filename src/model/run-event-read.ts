import { isObject, type Json, type JsonObject } from './json.ts'
import { runKinds, runStates } from './run.ts'
import {
  hasControl,
  isMoment,
  LONGEST_KEY,
  longest,
  MOST_ATTEMPTS,
  MOST_KEYS,
  projectEvent,
  type RunEvent,
  runEvent,
  takesRoom,
} from './run-event.ts'
import { validate } from './validate.ts'

/** An event with the run it names. */
export interface NamedEvent {
  uid: string
  event: RunEvent
}

/** An event of a run. Throws `invalid` naming the fields. */
export function readRunEvent(input: unknown): RunEvent {
  return (isObject(input) ? plain(input, undefined) : undefined) ?? validate(runEvent, input)
}

/** An event that names its run. Throws `invalid` naming the fields. */
export function readProjectEvent(input: unknown): NamedEvent {
  const named = isObject(input) ? input['uid'] : undefined
  if (isObject(input) && isName(named, longest.uid)) {
    const event = plain(input, 'uid')
    if (event !== undefined) return { uid: named, event }
  }
  const { uid, ...event } = validate(projectEvent, input)
  return { uid, event }
}

type Fields = Record<string, unknown>

/**
 * An event of the usual form, as the schema would have it; undefined for every other one, be it valid or not. Most events
 * hold texts, numbers and flat maps only, and this reads them in a fifth of the time.
 */
function plain(input: Fields, except: string | undefined): RunEvent | undefined {
  const event: Fields = { attempt: 1 }
  for (const key in input) {
    if (key === except) continue
    const value = read(key, input[key])
    if (value === undefined) return undefined
    event[key] = value
  }
  return event as RunEvent
}

/** The value of a field as it is kept; undefined when that takes a closer look. */
function read(key: string, value: unknown): unknown {
  switch (key) {
    case 'id':
      return isFilled(value, longest.id) ? value : undefined
    case 'name':
      return isName(value, longest.name) ? value : undefined
    case 'time':
    case 'startedAt':
    case 'endedAt':
      return momentOf(value)
    case 'state':
      return oneOf(runStates, value)
    case 'kind':
      return oneOf(runKinds, value)
    case 'attempt':
    case 'maxAttempts':
      return isWhole(value) && value >= 1 && value <= MOST_ATTEMPTS ? value : undefined
    case 'labels':
      return isMap(value) ? labelsOf(value) : undefined
    case 'parameters':
    case 'results':
      return isMap(value) ? value : undefined
    case 'outcome':
    case 'host':
    case 'url':
    case 'schedule':
    case 'parent':
    case 'log':
      return typeof value === 'string' && value.length <= longest[key] ? value : undefined
    default:
      return undefined
  }
}

function isFilled(value: unknown, most: number): value is string {
  return typeof value === 'string' && value !== '' && value.length <= most
}

function isName(value: unknown, most: number): value is string {
  return isFilled(value, most) && !hasControl(value)
}

function isWhole(value: unknown): value is number {
  return Number.isInteger(value)
}

function momentOf(value: unknown): number | undefined {
  const moment = typeof value === 'string' ? Date.parse(value) : value
  return typeof moment === 'number' && isMoment(moment) ? moment : undefined
}

function oneOf<Word extends string>(words: readonly Word[], value: unknown): Word | undefined {
  return words.find((word) => word === value)
}

/** A map whose values hold no others. */
function isMap(value: unknown): value is JsonObject {
  if (!isObject(value)) return false
  let count = 0
  for (const key in value) {
    count += 1
    const held = value[key]
    if (key.length > LONGEST_KEY || key === '__proto__' || (typeof held === 'object' && held !== null)) return false
  }
  return count <= MOST_KEYS && takesRoom(value as JsonObject)
}

function labelsOf(map: JsonObject): Record<string, string> {
  const labels: Record<string, string> = {}
  for (const key in map) labels[key] = textOf(map[key])
  return labels
}

function textOf(value: Json | undefined): string {
  return typeof value === 'string' ? value : String(value ?? '')
}
