interface Token {
  kind: 'word' | 'quoted' | 'string' | 'symbol'
  text: string
  depth: number
}

export interface QueryOutline {
  /** Names of the columns the query returns; null where they cannot be told without the database. */
  columns: string[] | null
  /** In upper case; empty for an empty text. */
  firstWord: string
  statements: number
  /** A quote that is never closed: where, from 1. */
  openQuote: { quote: string; line: number; column: number } | null
}

const LEXEME = /\$\w*\$[\s\S]*?\$\w*\$|[\p{L}_][\p{L}\p{N}_$]*|\d[\w.]*|[\s\S]/uy
const QUOTES: Record<string, string> = { "'": "'", '"': '"', '`': '`' }

/** Looks at a query's outline without understanding it: enough to advise, never to decide whether it may run. */
export function outlineQuery(sql: string): QueryOutline {
  const { tokens, openQuote } = tokenize(sql)
  const firstWord = tokens.find((token) => token.kind === 'word')?.text.toUpperCase() ?? ''
  const statements = tokens.filter((token, at) => !isEnd(token) && (at === 0 || isEnd(tokens[at - 1]))).length
  return { columns: selectedColumns(tokens), firstWord, statements, openQuote }
}

function tokenize(sql: string): { tokens: Token[]; openQuote: QueryOutline['openQuote'] } {
  const tokens: Token[] = []
  let depth = 0
  let at = 0
  while (at < sql.length) {
    const rest = sql.slice(at, at + 2)
    const char = sql.charAt(at)
    if (rest === '--') at = endOf(sql, '\n', at)
    else if (rest === '/*') at = endOf(sql, '*/', at + 2)
    else if (QUOTES[char] !== undefined) {
      const end = closing(sql, at, char)
      if (end === -1) return { tokens, openQuote: { quote: char, ...position(sql, at) } }
      const text = sql.slice(at + 1, end).replaceAll(char + char, char)
      tokens.push({ kind: char === "'" ? 'string' : 'quoted', text, depth })
      at = end + 1
    } else if (/\s/.test(char)) at += 1
    else {
      LEXEME.lastIndex = at
      const word = LEXEME.exec(sql)?.[0] ?? char
      if (char === ')') depth -= 1
      tokens.push({ kind: /^[\p{L}_]/u.test(word) ? 'word' : 'symbol', text: word, depth })
      if (char === '(') depth += 1
      at += word.length
    }
  }
  return { tokens, openQuote: null }
}

function endOf(sql: string, mark: string, from: number): number {
  const end = sql.indexOf(mark, from)
  return end === -1 ? sql.length : end + mark.length
}

/** The closing quote; a doubled one stands for itself. */
function closing(sql: string, start: number, quote: string): number {
  for (let at = start + 1; at < sql.length; at += 1) {
    if (sql[at] !== quote) continue
    if (sql[at + 1] !== quote) return at
    at += 1
  }
  return -1
}

function position(sql: string, at: number): { line: number; column: number } {
  const before = sql.slice(0, at)
  return { line: before.split('\n').length, column: at - before.lastIndexOf('\n') }
}

function isEnd(token: Token | undefined): boolean {
  return token?.kind === 'symbol' && token.text === ';'
}

function isWord(token: Token | undefined, ...words: string[]): boolean {
  return token?.kind === 'word' && words.includes(token.text.toUpperCase())
}

function selectedColumns(tokens: Token[]): string[] | null {
  const start = tokens.findIndex((token) => token.depth === 0 && isWord(token, 'SELECT'))
  if (start === -1) return null
  const items: Token[][] = [[]]
  for (const token of tokens.slice(start + 1)) {
    if (token.depth === 0) {
      if (isWord(token, 'FROM', 'WHERE', 'UNION', 'LIMIT', 'ORDER', 'GROUP', 'HAVING', 'INTO', 'SETTINGS', 'FORMAT'))
        break
      if (isEnd(token)) break
      if (token.text === ',' && token.kind === 'symbol') {
        items.push([])
        continue
      }
    }
    items.at(-1)?.push(token)
  }
  const names = items.map(columnName)
  return names.every((name) => name !== null) ? names : null
}

/** The name of one item of the select list; null when only the database knows it. */
function columnName(item: Token[]): string | null {
  const tokens = isWord(item[0], 'DISTINCT', 'ALL') ? item.slice(1) : item
  const last = tokens.at(-1)
  if (last === undefined || last.kind === 'string' || last.kind === 'symbol' || last.depth > 0) return null
  if (isWord(last, 'END', 'NULL', 'TRUE', 'FALSE')) return null
  const before = tokens.at(-2)
  if (before === undefined || isWord(before, 'AS')) return last.text
  if (before.kind === 'symbol' && before.text !== '.' && before.text !== ')' && before.text !== ']') return null
  return last.text
}
