import type { Json } from '../../model/json.ts'
import type { Column } from '../../model/result.ts'
import type { QueryFailure } from '../connection.ts'

/** One line to the child: one query. */
export interface ChildRequest {
  path: string
  sql: string
  parameters: Record<string, string>
  maxRows: number
}

/** One line from the child: its answer. */
export type ChildAnswer =
  | { columns: Column[]; rows: Json[][]; truncated: boolean }
  | { failure: QueryFailure; message: string }

/** Calls `take` with each whole line of a stream of bytes. */
export function createLineReader(take: (line: string) => void): (bytes: Uint8Array) => void {
  const decoder = new TextDecoder()
  let pieces: string[] = []
  return (bytes) => {
    const parts = decoder.decode(bytes, { stream: true }).split('\n')
    const rest = parts.pop() ?? ''
    for (const part of parts) {
      take(pieces.join('') + part)
      pieces = []
    }
    if (rest !== '') pieces.push(rest)
  }
}
