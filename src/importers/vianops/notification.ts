import type { Issue } from '../../errors.ts'
import type { Json, JsonObject } from '../../model/json.ts'
import type { QueryRuleDefinition } from '../../model/rule.ts'

/** The VIANOPS notification object as it is written. Times are ms since 1970; fields it does not know are kept too. */
export interface Notification {
  index: number
  name: string
  description: string
  connection: string
  query: string
  condition: string
  runschedule: string
  restrequestmethod: string
  restendpoint: string
  restbodytemplate: string
  tags: string[]
  lastrun: number | null
  lastalert: number | null
  createdby: string
  createddate: number
  paused: boolean
  status: 'Active' | 'Inactive'
  /** Minutes; 0 means none. */
  alertsuppressiontime: number
  edit_mode: string
  [unknown: string]: Json
}

/** A change of one field that would mend what a warning tells of. */
export interface Fix {
  field: string
  value: string
  message: string
}

/** What a notification says, in our terms. */
export interface Reading {
  /** null when something is wrong with it. */
  definition: QueryRuleDefinition | null
  /** The fields to keep: as they came, without read-only and misspelt ones. */
  object: JsonObject
  /** The read-only fields, where they were given and make sense. */
  origin: { index?: number; lastrun?: number; lastalert?: number; createdby?: string; createddate?: number }
  warnings: string[]
  fixes: Fix[]
  /** What is wrong, by field; empty when the notification can be stored. */
  issues: Issue[]
}

export const readOnlyFields = ['index', 'lastrun', 'lastalert', 'createdby', 'createddate'] as const

export const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const

/** The connections the product brings along. */
export const knownConnections = [
  'Internal DB',
  'Model Store DB',
  'Inference Store DB',
  'Risk Store DB',
  'Internal clickhouse DB',
] as const

/** The usual spelling of one of the five names, whatever its letter case; any other name as it is, trimmed. */
export function connectionName(text: string): string {
  const name = text.trim().replace(/\s+/g, ' ')
  return knownConnections.find((known) => known.toLowerCase() === name.toLowerCase()) ?? text.trim()
}

/**
 * The notifications in an import file: one object, a list of them, or `{"notifications": […]}`.
 * Undefined when the value is none of these.
 */
export function notificationsIn(value: unknown): unknown[] | undefined {
  if (Array.isArray(value)) return value
  if (typeof value !== 'object' || value === null) return undefined
  const list = (value as { notifications?: unknown }).notifications
  if (list === undefined) return [value]
  return Array.isArray(list) ? list : undefined
}
