import { readFileSync } from 'node:fs'
import type { JsonObject } from '../../src/model/json.ts'

/** The object of the VIANOPS document's "Notification object" section: alias `count`, condition `cnt`. */
export const documentObject = (): JsonObject => golden('notification-object')

/** The object of its "Example notification" section: alias `cnt`, condition `count`, sent by mail. */
export const exampleObject = (): JsonObject => golden('example-notification')

/** A notification without oddities, to be varied by tests. */
export const plainObject = (changes: JsonObject = {}): JsonObject => ({
  name: 'drift',
  description: 'Drift over the limit',
  connection: 'Risk Store DB',
  query: 'SELECT model, score FROM drift',
  condition: 'any(r["score"] > 0.5 for r in query_result)',
  runschedule: '*/5 * * * *',
  restrequestmethod: 'POST',
  restendpoint: 'https://example.com/hook',
  restbodytemplate: '{"n": {{ query_result["score"] }}}',
  tags: ['models'],
  paused: false,
  status: 'Active',
  alertsuppressiontime: 30,
  edit_mode: 'code',
  ...changes,
})

function golden(name: string): JsonObject {
  return JSON.parse(readFileSync(new URL(`../golden/vianops/${name}.json`, import.meta.url), 'utf8')) as JsonObject
}
