import { htmlInside } from '../../language/inside.ts'
import type { ResultFormat } from '../../model/attachment.ts'
import type { Column, QueryResult } from '../../model/result.ts'
import { cellText } from '../table.ts'
import { workbook } from './workbook.ts'

/** Rows of a query as a file. */
export interface ResultFile {
  contentType: string
  content: Uint8Array
}

/** Rows of a query in one of the forms. Throws when they cannot be given in it. */
export async function resultFile(format: ResultFormat, result: QueryResult, title: string): Promise<ResultFile> {
  const encode = (text: string) => new TextEncoder().encode(text)
  switch (format) {
    case 'csv':
      return { contentType: 'text/csv', content: encode(csv(result)) }
    case 'json':
      return { contentType: 'application/json', content: encode(json(result)) }
    case 'html':
      return { contentType: 'text/html', content: encode(html(result, title)) }
    case 'xlsx':
      return {
        contentType: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
        content: await workbook(result, title),
      }
  }
}

/**
 * RFC 4180, with a byte order mark so that spreadsheets read it as UTF-8. A text that a spreadsheet would run as a formula
 * gets an apostrophe in front (OWASP, CSV injection); numbers do not.
 */
function csv({ columns, rows }: QueryResult): string {
  const lines = [
    columns.map(({ name }) => quoted(harmless(name))),
    ...rows.map((row) =>
      columns.map(({ type }, index) => {
        const text = cellText(row[index] ?? null)
        return quoted(type === 'text' || type === 'json' ? harmless(text) : text)
      }),
    ),
  ]
  return `\ufeff${lines.map((cells) => `${cells.join(',')}\r\n`).join('')}`
}

function harmless(text: string): string {
  return /^[=+\-@\t\r]/.test(text) && !/^[+-]?\d+(?:\.\d+)?$/.test(text) ? `'${text}` : text
}

function quoted(text: string): string {
  return /[",\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

/** A list of rows by column. Integers beyond 2^53 and decimals are texts, as the query gave them. */
function json({ columns, rows }: QueryResult): string {
  const keys = uniqueNames(columns)
  const objects = rows.map((row) => Object.fromEntries(keys.map((key, index) => [key, row[index] ?? null])))
  return `${JSON.stringify(objects, null, 1)}\n`
}

function html({ columns, rows }: QueryResult, title: string): string {
  const line = (tag: string, cells: string[]) =>
    `<tr>${cells.map((cell) => `<${tag}>${htmlInside(cell)}</${tag}>`).join('')}</tr>`
  const body = rows.map((row) =>
    line(
      'td',
      columns.map((_, index) => cellText(row[index] ?? null)),
    ),
  )
  return `<!doctype html>
<html><head><meta charset="utf-8"><title>${htmlInside(title)}</title>
<style>body{font-family:sans-serif}table{border-collapse:collapse}td,th{border:1px solid #ccc;padding:4px 8px;text-align:left;white-space:pre-wrap}</style></head>
<body><table><thead>${line(
    'th',
    columns.map(({ name }) => name),
  )}</thead><tbody>
${body.join('\n')}
</tbody></table></body></html>
`
}

function uniqueNames(columns: readonly Column[]): string[] {
  const taken = new Set<string>()
  return columns.map(({ name }) => {
    let key = name
    for (let number = 2; taken.has(key); number += 1) key = `${name}_${number}`
    taken.add(key)
    return key
  })
}
