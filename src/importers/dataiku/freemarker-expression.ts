import { endOfText, Refusal } from './freemarker-scan.ts'

/** An expression of Freemarker. `at` is its place in the template. */
export type Ftl = { readonly at: number } & (
  | { readonly kind: 'text'; readonly parts: readonly (string | Ftl)[] }
  | { readonly kind: 'number'; readonly value: string }
  | { readonly kind: 'boolean'; readonly value: boolean }
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'get'; readonly object: Ftl; readonly key: Ftl | string }
  | { readonly kind: 'builtin'; readonly of: Ftl; readonly name: string; readonly args: readonly Ftl[] | null }
  | { readonly kind: 'default'; readonly of: Ftl; readonly other: Ftl | null }
  | { readonly kind: 'exists' | 'not' | 'negative'; readonly of: Ftl }
  | { readonly kind: 'binary'; readonly operator: string; readonly left: Ftl; readonly right: Ftl }
  | { readonly kind: 'range'; readonly from: Ftl; readonly to: Ftl }
)

interface Token {
  readonly kind: 'text' | 'number' | 'name' | 'sign' | 'end'
  readonly text: string
  readonly at: number
}

const TOKEN =
  /\s+|(\d+(?:\.\d+)?)|([\p{L}_$@][\p{L}\p{N}_$@]*)|(&gt;=?|&lt;=?|\?\?|\.\.[<!*]?|&&|\|\||==|!=|>=|<=|[-+*/%!?.,:()[\]{}=<>;])/uy
const SIGNS: Record<string, string> = {
  gt: '>',
  gte: '>=',
  lt: '<',
  lte: '<=',
  '&gt;': '>',
  '&gt;=': '>=',
  '&lt;': '<',
  '&lt;=': '<=',
  '=': '==',
}
const LEVELS = [['||'], ['&&'], ['==', '!='], ['<', '>', '<=', '>='], ['..'], ['+', '-'], ['*', '/', '%']]
const SUM = 5
/** Built-ins through which templates have run code. */
const DANGEROUS = new Set(['eval', 'new', 'api', 'interpret'])
const DEEPEST = 40

/** Reads expressions one after the other. Throws a `Refusal`. */
export class FtlReader {
  readonly #tokens: readonly Token[]
  #next = 0
  #depth = 0

  constructor(text: string, at: number) {
    this.#tokens = tokenize(text, at)
  }

  /** Reads one expression. */
  expression(): Ftl {
    return this.#level(0)
  }

  /** Fails where anything is left. */
  end(): void {
    const token = this.#peek()
    if (token.kind !== 'end') throw new Refusal(`Unexpected ${token.text}.`, token.at)
  }

  /** Takes this word or sign if it comes next. */
  accept(text: string): boolean {
    const token = this.#peek()
    if (token.kind === 'text' || token.kind === 'number' || token.text !== text || token.kind === 'end') return false
    this.#next += 1
    return true
  }

  /** Takes a name. */
  name(): string {
    const token = this.#take()
    if (token.kind !== 'name') throw new Refusal('A name is expected here.', token.at)
    return token.text
  }

  get isDone(): boolean {
    return this.#peek().kind === 'end'
  }

  #peek(): Token {
    return this.#tokens[this.#next] ?? { kind: 'end', text: '', at: 0 }
  }

  #take(): Token {
    const token = this.#peek()
    this.#next += 1
    return token
  }

  #level(level: number): Ftl {
    const signs = LEVELS[level]
    if (signs === undefined) return this.#unary()
    let left = this.#level(level + 1)
    for (;;) {
      const { text, at, kind } = this.#peek()
      const operator =
        kind === 'sign' || kind === 'name' ? (Object.hasOwn(SIGNS, text) ? SIGNS[text] : text) : undefined
      if (operator === undefined || !signs.includes(operator)) return left
      this.#next += 1
      const right = this.#level(level + 1)
      left =
        operator === '..' ? { kind: 'range', from: left, to: right, at } : { kind: 'binary', operator, left, right, at }
    }
  }

  #unary(): Ftl {
    this.#depth += 1
    if (this.#depth > DEEPEST) throw new Refusal('The expression is nested too deep.', this.#peek().at)
    const { at } = this.#peek()
    const node = this.accept('!')
      ? ({ kind: 'not', of: this.#unary(), at } as const)
      : this.accept('-')
        ? ({ kind: 'negative', of: this.#unary(), at } as const)
        : this.accept('+')
          ? this.#unary()
          : this.#postfix()
    this.#depth -= 1
    return node
  }

  #postfix(): Ftl {
    let node = this.#primary()
    for (;;) {
      const { at, text } = this.#peek()
      if (this.accept('.')) node = { kind: 'get', object: node, key: this.name(), at }
      else if (this.accept('[')) {
        const key = this.expression()
        this.#expect(']')
        node = { kind: 'get', object: node, key, at }
      } else if (this.accept('??')) node = { kind: 'exists', of: node, at }
      else if (this.accept('?')) node = this.#builtin(node, at)
      else if (this.accept('!'))
        node = { kind: 'default', of: node, other: this.#begins() ? this.#level(SUM) : null, at }
      else if (text === '(') throw new Refusal('Calls of functions and methods are not converted.', at)
      else return node
    }
  }

  #builtin(of: Ftl, at: number): Ftl {
    const name = this.name()
    if (DANGEROUS.has(name)) throw new Refusal(`?${name} runs code and is never converted.`, at)
    return { kind: 'builtin', of, name, args: this.accept('(') ? this.#list(')') : null, at }
  }

  #primary(): Ftl {
    const token = this.#take()
    const { at, text } = token
    if (token.kind === 'text') return { kind: 'text', parts: interpolated(text, at), at }
    if (token.kind === 'number') return { kind: 'number', value: text, at }
    if (token.kind === 'name' && (text === 'true' || text === 'false'))
      return { kind: 'boolean', value: text === 'true', at }
    if (token.kind === 'name') return { kind: 'name', name: text, at }
    if (token.kind === 'sign' && text === '(') {
      const inside = this.expression()
      this.#expect(')')
      return inside
    }
    if (text === '.' && token.kind === 'sign') {
      const name = this.name()
      if (name === 'now') return { kind: 'name', name, at }
      throw new Refusal(`The special variable .${name} is not converted.`, at)
    }
    if (text === '[' || text === '{') throw new Refusal('Literals of lists and maps are not converted.', at)
    throw new Refusal(token.kind === 'end' ? 'The expression ends too early.' : `Unexpected ${text}.`, at)
  }

  #list(closer: string): Ftl[] {
    const items: Ftl[] = []
    while (!this.accept(closer)) {
      if (items.length > 0) this.#expect(',')
      items.push(this.expression())
    }
    return items
  }

  #expect(text: string): void {
    if (!this.accept(text)) throw new Refusal(`${text} is expected here.`, this.#peek().at)
  }

  /** Whether an expression begins here, as the default behind `!`. */
  #begins(): boolean {
    const { kind, text } = this.#peek()
    if (kind === 'name') return !Object.hasOwn(SIGNS, text) && text !== 'as'
    return kind === 'text' || kind === 'number' || (kind === 'sign' && ['(', '[', '{', '.'].includes(text))
  }
}

function tokenize(text: string, offset: number): Token[] {
  const tokens: Token[] = []
  for (let at = 0; at < text.length; ) {
    const char = text.charAt(at)
    const isRaw = char === 'r' && /^r["']/.test(text.slice(at, at + 2))
    if (char === '"' || char === "'" || isRaw) {
      const start = isRaw ? at + 1 : at
      const end = isRaw ? text.indexOf(text.charAt(start), start + 1) : endOfText(text, at)
      if (end < 0) throw new Refusal('The text is not closed.', offset + at)
      const inside = text.slice(start + 1, end)
      tokens.push({ kind: 'text', text: isRaw ? inside : unescaped(inside), at: offset + at })
      at = end + 1
      continue
    }
    TOKEN.lastIndex = at
    const match = TOKEN.exec(text)
    if (match === null) throw new Refusal(`${char} has no meaning here.`, offset + at)
    const [whole, number, name, sign] = match
    const kind = number !== undefined ? 'number' : name !== undefined ? 'name' : 'sign'
    if (number ?? name ?? sign) tokens.push({ kind, text: whole, at: offset + at })
    at += whole.length
  }
  return [...tokens, { kind: 'end', text: '', at: offset + text.length }]
}

const ESCAPES = new Map(Object.entries({ n: '\n', t: '\t', r: '\r', b: '\b', f: '\f', l: '<', g: '>', a: '&' }))

function unescaped(inside: string): string {
  return inside.replace(/\\(?:x([0-9A-Fa-f]{1,4})|(.))/gs, (_, hex: string | undefined, char: string) =>
    hex === undefined ? (ESCAPES.get(char) ?? char) : String.fromCharCode(Number.parseInt(hex, 16)),
  )
}

/** The pieces of a text literal, with the expressions of its `${…}`. */
function interpolated(text: string, at: number): (string | Ftl)[] {
  const parts: (string | Ftl)[] = []
  let from = 0
  for (const match of text.matchAll(/\$\{([^{}]*)\}/g)) {
    parts.push(text.slice(from, match.index))
    const reader = new FtlReader(match[1] ?? '', at)
    parts.push(reader.expression())
    reader.end()
    from = match.index + match[0].length
  }
  return [...parts, text.slice(from)].filter((part) => part !== '')
}
