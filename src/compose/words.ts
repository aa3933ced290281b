import { formatDuration } from '../model/duration.ts'
import type { AlertKind } from '../model/message.ts'
import type { Condition } from '../model/rule.ts'

/** What stands before the name of the rule in a title. */
export const marks: Record<AlertKind, string> = {
  firing: 'FIRING',
  reminder: 'STILL FIRING',
  resolved: 'RESOLVED',
  'no-data': 'NO DATA',
  error: 'ERROR',
  test: 'TEST',
  recovered: 'RECOVERED',
}

/** A condition as people say it; an expression is given as it was written. */
export function conditionWords(condition: Condition): string {
  if ('text' in condition) return condition.text.trim()
  switch (condition.trigger) {
    case 'threshold': {
      const { column, operator, value, rows } = condition
      const shown = typeof value === 'string' ? `"${value}"` : String(value)
      return `${column} ${operator} ${shown} in ${rows === 'any' ? 'any row' : 'all rows'}`
    }
    case 'rows':
      return 'the query returns rows'
    case 'no-rows':
      return 'the query returns no rows'
    case 'changed':
      return 'the result changes'
    case 'stale':
      return `the newest ${condition.column} is older than ${condition.olderThan}`
  }
}

/** A length of time in ms as people read it, such as `1h30m` or `250 ms`. */
export function durationWords(ms: number): string {
  return ms < 1000 ? `${Math.round(ms)} ms` : formatDuration(ms)
}

/** A time as people read it, in UTC. `time` is in ms since 1970. */
export function timeWords(time: number): string {
  return `${new Date(time).toISOString().slice(0, 19).replace('T', ' ')} UTC`
}

/** Labels on one line, such as `region=eu, host=a`. */
export function labelWords(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}=${value}`)
    .join(', ')
}

/** Text on one line, at most so many characters. */
export function oneLine(text: string, most: number): string {
  const line = text.replace(/\s*[\r\n\u2028\u2029]+\s*/g, ' ').trim()
  return line.length <= most ? line : `${line.slice(0, most - 1).replace(/[\ud800-\udbff]$/, '')}…`
}
