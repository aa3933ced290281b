import type { Json } from '../../model/json.ts'
import type { Column } from '../../model/result.ts'
import { LARGEST_RESULT, refuseBytes, refuseDuplicates, tooLarge } from '../values.ts'
import { type CellType, cellType } from './types.ts'

/** Reads a result in the format JSONCompactEachRowWithNamesAndTypes as it arrives, up to the limit. */
export async function readResult(
  chunks: AsyncIterable<readonly { text: string }[]>,
  maxRows: number,
): Promise<{ columns: Column[]; rows: Json[][]; truncated: boolean }> {
  const rows: Json[][] = []
  let names: string[] | undefined
  let head: { columns: Column[]; cells: CellType[] } | undefined
  let size = 0
  for await (const chunk of chunks) {
    for (const { text } of chunk) {
      const line = readLine(text)
      size += text.length
      if (size > LARGEST_RESULT) throw tooLarge()
      if (names === undefined) names = line.map(String)
      else if (head === undefined) head = describe(names, line.map(String))
      else if (rows.length === maxRows) return { columns: head.columns, rows, truncated: true }
      else rows.push(readRow(line, head.cells))
    }
  }
  return { columns: head?.columns ?? [], rows, truncated: false }
}

function describe(names: readonly string[], types: readonly string[]): { columns: Column[]; cells: CellType[] } {
  const cells = types.map((type, index) => {
    const cell = cellType(type)
    if (cell === null) throw refuseBytes(names[index] ?? '', type)
    return cell
  })
  const columns = names.map((name, index) => ({ name, type: cells[index]?.type ?? 'json' }))
  refuseDuplicates(columns)
  return { columns, cells }
}

function readRow(line: readonly Json[], cells: readonly CellType[]): Json[] {
  return line.map((value, index) => (value === null ? null : (cells[index]?.read(value) ?? value)))
}

/** Numbers that JavaScript would change stay as their text: large integers, and decimals where no setting quotes them. */
function readLine(text: string): Json[] {
  return (/\d{16}|\.\d*0\b/.test(text) ? JSON.parse(text, keepText) : JSON.parse(text)) as Json[]
}

function keepText(_key: string, value: unknown, context?: { source?: string }): unknown {
  const source = context?.source
  return typeof value === 'number' && source !== undefined && String(value) !== source ? source : value
}
