import { QueryError } from './connection.ts'

/** Throws `refused` unless the first word of a text is one of those that begin a query. */
export function requireQuery(verb: string, allowed: ReadonlySet<string>): void {
  if (allowed.has(verb)) return
  const words = [...allowed].map((word) => word.toUpperCase())
  const list = `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`
  const found = verb === '' ? 'This holds none.' : `This begins with ${verb.toUpperCase().slice(0, 40)}.`
  throw new QueryError('refused', `A query begins with ${list}. ${found}`)
}
