import { describe, expect, test } from 'bun:test'
import { join } from 'node:path'
import { type AttachmentSources, attachmentsOf } from '../../src/compose/attachments.ts'
import { composeMessage } from '../../src/compose/compose.ts'
import type { Json } from '../../src/model/json.ts'
import type { Attachment } from '../../src/model/message.ts'
import type { ColumnType, QueryResult } from '../../src/model/result.ts'
import { alert, input, result } from '../support/compose.ts'
import { serverPackages, serversFolder, skipUnless } from '../support/requirements.ts'

const types: [string, ColumnType][] = [
  ['name', 'text'],
  ['count', 'integer'],
  ['share', 'float'],
  ['price', 'decimal'],
  ['at', 'timestamp'],
  ['day', 'date'],
  ['ok', 'boolean'],
  ['extra', 'json'],
]
const rows: Json[][] = [
  ['plain', 7, 0.5, '12.50', '2026-03-04T09:30:00Z', '2026-03-04', true, { a: [1] }],
  ['a,"b"\nc', '12345678901234567890', 'NaN', '0.12345678901234567890', '1234-01-01T00:00:00Z', null, false, null],
  ['=HYPERLINK("http://evil.example")', -3, -1.5, '-3.25', null, null, null, '@SUM(A1)'],
  ['<script>&\'"\u0001', null, null, null, null, null, null, null],
]
const table: QueryResult = {
  columns: types.map(([name, type]) => ({ name, type })),
  rows,
  truncated: false,
  elapsed: 1,
}
const sources: AttachmentSources = {
  result: table,
  rows: [1],
  most: 1_000_000,
  readFile: async (path) => {
    if (path.includes('secret')) throw new Error(`${path} may not be sent.`)
    return new TextEncoder().encode('content')
  },
}
const message = { rule: 'Größe der Daten / Tag', code: 'line 1\nline 2' }
const text = (file: Attachment | undefined) => Buffer.from(file?.content ?? '', 'base64').toString()
const make = (wishes: Json, changes: Partial<AttachmentSources> = {}) =>
  attachmentsOf(wishes, message, { ...sources, ...changes })
const made = async (format: string, changes: Partial<AttachmentSources> = {}) =>
  (await make([{ type: 'result', format }], changes)).files[0] ?? expect.unreachable()

describe('the rows of a query', () => {
  test('as CSV are quoted where they must be, and no text is a formula', async () => {
    const file = await made('csv')
    expect([file.name, file.contentType]).toEqual(['größe-der-daten-tag.csv', 'text/csv'])
    expect(text(file)).toBe(
      [
        '\ufeffname,count,share,price,at,day,ok,extra',
        'plain,7,0.5,12.50,2026-03-04T09:30:00Z,2026-03-04,true,"{""a"":[1]}"',
        '"a,""b""\nc",12345678901234567890,NaN,0.12345678901234567890,1234-01-01T00:00:00Z,,false,',
        '"\'=HYPERLINK(""http://evil.example"")",-3,-1.5,-3.25,,,,\'@SUM(A1)',
        '<script>&\'"\u0001,,,,,,,'.replace('<script>&\'"\u0001', '"<script>&\'""\u0001"'),
        '',
      ].join('\r\n'),
    )
  })

  test('as CSV keep texts that are numbers', async () => {
    const phone = { ...table, columns: [{ name: '-x', type: 'text' as const }], rows: [['+49301234'], ['-5'], ['- 5']] }
    expect(text(await made('csv', { result: phone }))).toBe("\ufeff'-x\r\n+49301234\r\n-5\r\n'- 5\r\n")
  })

  test('as JSON are objects by column, with every digit', async () => {
    const list = JSON.parse(text(await made('json')))
    expect(list[1]).toEqual({
      name: 'a,"b"\nc',
      count: '12345678901234567890',
      share: 'NaN',
      price: '0.12345678901234567890',
      at: '1234-01-01T00:00:00Z',
      day: null,
      ok: false,
      extra: null,
    })
    const twice = {
      ...table,
      columns: [...table.columns.slice(0, 1), ...table.columns.slice(0, 1)],
      rows: [['a', 'b']],
    }
    expect(JSON.parse(text(await made('json', { result: twice })))).toEqual([{ name: 'a', name_2: 'b' }])
  })

  test('as HTML are text, whatever they hold', async () => {
    const html = text(await made('html'))
    expect(html).toContain('<td>&#60;script&#62;&#38;&#39;&#34;\u0001</td>')
    expect(html).toContain('<title>Größe der Daten / Tag</title>')
    expect(html).not.toContain('<script')
  })

  test('are those of the alerts where that is wanted', async () => {
    const { files } = await make([{ type: 'result', format: 'json', rows: 'alerts' }])
    expect(JSON.parse(text(files[0])).map((row: { name: string }) => row.name)).toEqual(['a,"b"\nc'])
  })

  test('that were cut say so', async () => {
    const { notes } = await make([{ type: 'result', name: 'x.csv' }], { result: { ...table, truncated: true } })
    expect(notes).toEqual(['x.csv holds the first 4 rows; the query has more.'])
  })

  test('are too many for a workbook at some point, and the remedy is named', async () => {
    const many = { ...table, rows: Array.from({ length: 12_500 }, () => rows[0] ?? []) }
    const { files, notes } = await make([{ type: 'result', format: 'xlsx' }], { result: many })
    expect([files.length, notes]).toEqual([
      0,
      ['Left out: 100008 cells are too many for xlsx, of which 100000 are made; use csv.'],
    ])
  })
})

describe('files', () => {
  test('are named after themselves, and typed by their names', async () => {
    const wishes = ['/data/report.PDF', '/data/noext', 'C:\\data\\b.csv'].map((path) => ({ type: 'file', path }))
    const { files } = await make(wishes)
    expect(files.map(({ name, contentType }) => [name, contentType])).toEqual([
      ['report.PDF', 'application/pdf'],
      ['noext', 'application/octet-stream'],
      ['b.csv', 'text/csv'],
    ])
    expect(text(files[0])).toBe('content')
  })

  test('that cannot be read are left out with the reason, and the others go along', async () => {
    const { files, notes } = await make([{ type: 'file', path: '/secret' }, { type: 'log' }])
    expect(files.map(({ name }) => name)).toEqual(['run.log'])
    expect(notes).toEqual(['Left out: /secret may not be sent.'])
    expect(text(files[0])).toBe(message.code)
  })

  test('have a size together that is not passed', async () => {
    const { files, notes } = await make(
      [
        { type: 'log', name: 'a.log' },
        { type: 'log', name: 'b.log' },
      ],
      { most: 20 },
    )
    expect(files.map(({ name }) => name)).toEqual(['a.log'])
    expect(notes).toEqual(['Left out: b.log would bring the files to more than 1 kB (it has 1 kB itself).'])
  })

  test('there are none of what is not there', async () => {
    expect(await attachmentsOf([{ type: 'log' }], { rule: 'r' }, sources)).toEqual({ files: [], notes: [] })
    expect(await make([{ type: 'result' }], { result: null })).toEqual({ files: [], notes: [] })
    expect(await make([{ type: 'nonsense' }, 7])).toEqual({ files: [], notes: [] })
  })
})

describe('a message', () => {
  const settings = { attachments: [{ type: 'result', format: 'csv', name: '{{ labels.model }}.csv' }] }
  const limits = { readFile: sources.readFile, most: 1_000_000 }
  const large = result(Array.from({ length: 40_000 }, (_, index) => [`model ${index}`, index]))

  test('carries what its route asks for, under names that may be templates', async () => {
    const { message: composed } = await composeMessage(input({ attachments: limits, route: { settings } }))
    expect(composed.attachments.map(({ name }) => name)).toEqual(['churn.csv'])
    expect(text(composed.attachments[0])).toBe('\ufeffmodel,drift\r\nchurn,0.25\r\nfraud,0.5\r\n')
  })

  test('carries little where each recipient has a message of his own', async () => {
    const all = { attachments: limits, result: large, alerts: [alert()], route: { settings } }
    expect((await composeMessage(input(all))).message.attachments).toHaveLength(1)
    const single = await composeMessage(input({ ...all, recipient: { mailVariables: '{}' } }))
    expect(single.message.attachments).toEqual([])
    expect(single.message.facts.at(-1)?.value).toContain('would bring the files to more than 500 kB')
  })
})

const there = await skipUnless(serverPackages)

there('a workbook', () => {
  test('is read by another library: numbers, times and texts, and no formula', async () => {
    const { read, utils } = await import(join(serversFolder, 'node_modules/@e965/xlsx/xlsx.mjs'))
    const file = await made('xlsx')
    const book = read(Buffer.from(file.content, 'base64'), { cellDates: true, UTC: true, cellFormula: true })
    expect(book.SheetNames).toEqual(['Größe der Daten   Tag'])
    const sheet = book.Sheets[book.SheetNames[0]]
    const [head, ...body] = utils.sheet_to_json(sheet, { header: 1, UTC: true, defval: null }) as unknown[][]
    expect(head).toEqual(types.map(([name]) => name))
    expect(body[0]).toEqual([
      'plain',
      7,
      0.5,
      12.5,
      new Date('2026-03-04T09:30:00Z'),
      new Date('2026-03-04'),
      true,
      '{"a":[1]}',
    ])
    expect(body[1]?.slice(0, 5)).toEqual([
      'a,"b"\nc',
      '12345678901234567890',
      'NaN',
      '0.12345678901234567890',
      '1234-01-01T00:00:00Z',
    ])
    expect(body[2]?.[0]).toBe('=HYPERLINK("http://evil.example")')
    expect(body[3]?.[0]).toBe('<script>&\'"')
    const cells = Object.values(sheet) as { f?: string }[]
    expect(cells.filter((cell) => cell.f !== undefined)).toEqual([])
  })

  test.each([
    ['a/b:c?*[d]', 'a b c   d'],
    ["'quoted'", 'quoted'],
    ['', 'Rows'],
    ['x'.repeat(40), 'x'.repeat(31)],
  ])('of the rule %j has the sheet %j', async (rule, expected) => {
    const { read } = await import(join(serversFolder, 'node_modules/@e965/xlsx/xlsx.mjs'))
    const { files } = await attachmentsOf([{ type: 'result', format: 'xlsx' }], { rule }, sources)
    expect(read(Buffer.from(files[0]?.content ?? '', 'base64')).SheetNames).toEqual([expected])
  })
})
