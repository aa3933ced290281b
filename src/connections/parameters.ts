import type { QueryTimes } from './connection.ts'

/** Whose strings, identifiers and comments the SQL is written with. */
export type SqlDialect = 'postgres' | 'clickhouse' | 'sqlite'

export type ParameterName = 'scheduled_at' | 'now' | 'since'

/** SQL whose parameters have become the driver's own. */
export interface BoundSql {
  sql: string
  /** In the order of their first use. */
  names: ParameterName[]
  /** Other names written like parameters, such as `:limit`; they are left as they are. */
  unknown: string[]
  /** The first word, in lower case: what kind of statement it is. */
  verb: string
}

/**
 * Replaces `:scheduled_at`, `:now` and `:since` by what `placeholder` gives for a name and its number, from 1. Strings,
 * quoted identifiers, comments, casts (`::`) and array slices stay as they are, and so does a colon right behind a word,
 * a number or a closing bracket.
 */
export function bindParameters(
  sql: string,
  dialect: SqlDialect,
  placeholder: (name: ParameterName, number: number) => string,
): BoundSql {
  const bound: BoundSql = { sql: '', names: [], unknown: [], verb: '' }
  let copied = 0
  scan(sql, dialect, {
    word(text) {
      bound.verb ||= text.toLowerCase()
    },
    parameter(name, start, end) {
      if (!isParameterName(name)) {
        if (!bound.unknown.includes(name)) bound.unknown.push(name)
        return
      }
      if (!bound.names.includes(name)) bound.names.push(name)
      bound.sql += sql.slice(copied, start) + placeholder(name, bound.names.indexOf(name) + 1)
      copied = end
    },
  })
  bound.sql += sql.slice(copied)
  return bound
}

/** Names written like parameters that Tocsin does not know, such as a mistyped `:sinse`. */
export function unknownParameters(sql: string, dialect: SqlDialect): string[] {
  return bindParameters(sql, dialect, (name) => `:${name}`).unknown
}

/** The value of a parameter, in ms since 1970. */
export function parameterValue(name: ParameterName, times: QueryTimes): number {
  return { scheduled_at: times.scheduledAt, now: times.now, since: times.since }[name]
}

interface Listener {
  word(text: string): void
  parameter(name: string, start: number, end: number): void
}

/** `skip` is text that no parameter can be in. A word before a quote never belongs to the string, apart from E'…'. */
const tokens: Record<SqlDialect, RegExp> = {
  postgres:
    /(?<skip>--[^\n\r]*|[eE]'(?:[^'\\]|\\[\s\S]|'')*'?|'[^']*(?:''[^']*)*'?|"[^"]*"?|\$(?<tag>(?:[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?)\$[\s\S]*?(?:\$\k<tag>\$|$)|::)|(?<word>[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*)|:(?<name>[A-Za-z_]\w*)|(?<number>\d[\w.]*)|(?<other>[\s\S])/y,
  clickhouse:
    /(?<skip>--[^\n]*|#[ !][^\n]*|'(?:[^'\\]|\\[\s\S]|'')*'?|"(?:[^"\\]|\\[\s\S]|"")*"?|`(?:[^`\\]|\\[\s\S]|``)*`?|\$(?<tag>\w*)\$[\s\S]*?(?:\$\k<tag>\$|$)|\{\s*\w+\s*:[^{}]*\}|::)|(?<word>[A-Za-z_]\w*)|:(?<name>[A-Za-z_]\w*)|(?<number>\d[\w.]*)|(?<other>[\s\S])/y,
  sqlite:
    /(?<skip>--[^\n]*|'[^']*(?:''[^']*)*'?|"[^"]*"?|`[^`]*`?|\[[^\]]*\]?)|(?<word>[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*)|:(?<name>[A-Za-z_]\w*)|(?<number>\d[\w.]*)|(?<other>[\s\S])/y,
}

function scan(sql: string, dialect: SqlDialect, listener: Listener) {
  const token = new RegExp(tokens[dialect])
  let at = 0
  // The last thing that was not space: decides whether a bracket begins an array or an index.
  let before = ''
  while (at < sql.length) {
    if (sql.startsWith('/*', at)) {
      at = endOfComment(sql, at, dialect === 'postgres')
      continue
    }
    token.lastIndex = at
    const groups = token.exec(sql)?.groups ?? {}
    const end = token.lastIndex
    const { word, name, other } = groups
    if (word !== undefined) listener.word(word)
    if (name !== undefined && !isPartOfOther(sql, at, before)) listener.parameter(name, at, end)
    if (other === '[') before = dialect === 'postgres' && isOperand(before) ? 'index[' : '['
    else if (other?.trim() !== '') before = sql.slice(at, end)
    at = end
  }
}

function endOfComment(sql: string, start: number, nests: boolean): number {
  let depth = 0
  const edge = /\/\*|\*\//g
  edge.lastIndex = start
  for (let found = edge.exec(sql); found !== null; found = edge.exec(sql)) {
    if (found[0] === '*/') depth -= 1
    else if (nests || depth === 0) depth += 1
    if (depth === 0) return edge.lastIndex
  }
  return sql.length
}

/** A colon right behind an operand, or that opens an index (`list[:now]`), belongs to a slice, path or type. */
function isPartOfOther(sql: string, at: number, before: string): boolean {
  return before === 'index[' || /[\w$)\]'"`}:\u0080-\uffff]/.test(sql[at - 1] ?? '')
}

function isOperand(before: string): boolean {
  return /[\w$)\]"\u0080-\uffff]$/.test(before) && before.toLowerCase() !== 'array'
}

function isParameterName(name: string): name is ParameterName {
  return name === 'scheduled_at' || name === 'now' || name === 'since'
}
