import { type Ftl, FtlReader } from './freemarker-expression.ts'
import { conditionOf, operandOf, outputOf, type Scope, variableOf } from './freemarker-liquid.ts'
import { type Piece, Refusal, scanFreemarker, strippedRanges } from './freemarker-scan.ts'

/** Something to be told about a template, with its place; lines and columns count from 1. */
export interface FreemarkerNote {
  line: number
  column: number
  message: string
}

/** A template of Freemarker and the one of Liquid it becomes, side by side. */
export interface FreemarkerConversion {
  original: string
  /** Null where something cannot be converted; `refusals` says what. */
  liquid: string | null
  refusals: FreemarkerNote[]
  warnings: FreemarkerNote[]
}

const MOST = 200_000
const MOST_REFUSALS = 100
const DEEPEST = 50

/**
 * Converts a mail template of Freemarker to Liquid, where it keeps to the subset that can be converted. What is outside it
 * is refused with its place, and the original is kept whole.
 */
export function convertFreemarker(original: string): FreemarkerConversion {
  const converter = new Converter(original)
  const liquid = converter.run()
  const { refusals, warnings } = converter
  return { original, liquid: refusals.length > 0 ? null : liquid, refusals, warnings }
}

/** A directive that is open. */
interface Open {
  readonly name: string
  readonly at: number
  /** What closes it in Liquid. */
  readonly end: string
  /** The variable of a list. */
  readonly variable?: string
  hasBranch?: boolean
  /** Its <#else> or <#default> came: what Liquid reads behind that never counts. */
  hasElse?: boolean
}

class Converter {
  readonly refusals: FreemarkerNote[] = []
  readonly warnings: FreemarkerNote[] = []
  readonly #text: string
  readonly #open: Open[] = []
  #tellsMissing = false
  /** The next line that is stripped. */
  #strip = 0

  constructor(text: string) {
    this.#text = text
  }

  run(): string {
    try {
      if (this.#text.length > MOST) throw new Refusal(`The template is longer than ${MOST} characters.`, 0)
      if (/^\s*\[#/.test(this.#text)) throw new Refusal('Directives in square brackets are not converted.', 0)
      const pieces = scanFreemarker(this.#text)
      const stripped = strippedRanges(this.#text, pieces)
      const result = pieces.map((piece) => this.#attempt(piece, stripped)).join('')
      for (const { name, at } of this.#open) this.#refuse(`<#${name}> is never closed.`, at)
      return result
    } catch (thrown) {
      this.#refused(thrown)
      return ''
    }
  }

  #attempt(piece: Piece, stripped: readonly [number, number][]): string {
    try {
      return this.#convert(piece, stripped)
    } catch (thrown) {
      this.#refused(thrown)
      return ''
    }
  }

  #refused(thrown: unknown): void {
    if (!(thrown instanceof Refusal)) throw thrown
    this.#refuse(thrown.message, thrown.at)
  }

  #refuse(message: string, at: number): void {
    if (this.refusals.length >= MOST_REFUSALS) return
    this.refusals.push({ ...this.#place(at), message })
  }

  #place(at: number): { line: number; column: number } {
    const before = this.#text.slice(0, at)
    return { line: before.split('\n').length, column: at - before.lastIndexOf('\n') }
  }

  get #scope(): Scope {
    return {
      loops: this.#open.flatMap(({ variable }) => variable ?? []),
      warn: (message, at) => {
        if (!this.warnings.some((one) => one.message === message)) this.warnings.push({ ...this.#place(at), message })
      },
    }
  }

  #convert(piece: Piece, stripped: readonly [number, number][]): string {
    switch (piece.kind) {
      case 'text':
        return this.#plain(piece, stripped)
      case 'comment':
        return `{% comment %}${piece.inner.replaceAll('{%', '{ %')}{% endcomment %}`
      case 'output':
        return this.#output(piece)
      case 'call':
        throw new Refusal(`Calls of macros such as <@${piece.name}> are not converted.`, piece.start)
      case 'close':
        return this.#close(piece)
      case 'open':
        return this.#directive(piece)
    }
  }

  #plain({ start, end }: Piece, stripped: readonly [number, number][]): string {
    let [result, from] = ['', start]
    for (; this.#strip < stripped.length; this.#strip += 1) {
      const [first, last] = stripped[this.#strip] ?? [end, end]
      if (first >= end) break
      if (last <= start) continue
      result += this.#text.slice(from, Math.max(from, first))
      from = Math.min(last, end)
      // The rest of the line lies behind the next directive.
      if (last > end) break
    }
    return (result + this.#text.slice(from, end)).replace(/\{(?=[{%]|$)/g, '{{ "{" }}')
  }

  #output(piece: Piece): string {
    const node = this.#read(piece)
    if (!this.#tellsMissing) {
      this.#tellsMissing = true
      const told =
        'Freemarker stops at a variable that is missing and writes numbers as 1,234; Liquid writes nothing, and 1234.'
      this.#scope.warn(told, piece.start)
    }
    const [yes, no] =
      node.kind === 'builtin' && (node.name === 'string' || node.name === 'then') ? (node.args ?? []) : []
    if (node.kind === 'builtin' && yes !== undefined && no !== undefined) {
      const test = conditionOf(node.of, this.#scope)
      return `{% if ${test} %}{{ ${outputOf(yes, this.#scope)} }}{% else %}{{ ${outputOf(no, this.#scope)} }}{% endif %}`
    }
    return `{{ ${outputOf(node, this.#scope)} }}`
  }

  #read({ inner, at }: Piece): Ftl {
    const reader = new FtlReader(inner, at)
    const node = reader.expression()
    reader.end()
    return node
  }

  #directive(piece: Piece): string {
    const { name, start } = piece
    switch (name) {
      case 'if':
        this.#enter({ name, at: start, end: '{% endif %}' })
        return `{% if ${conditionOf(this.#read(piece), this.#scope)} %}`
      case 'elseif':
        refuseBehindElse(this.#within('if', piece), piece)
        return `{% elsif ${conditionOf(this.#read(piece), this.#scope)} %}`
      case 'else':
        return this.#else(piece)
      case 'list':
        return this.#list(piece)
      case 'sep':
        this.#within('list', piece)
        this.#enter({ name, at: start, end: '{% endunless %}' })
        return '{% unless forloop.last %}'
      case 'assign':
      case 'global':
        return this.#assign(piece)
      case 'switch':
        this.#enter({ name, at: start, end: '{% endcase %}' })
        return `{% case ${operandOf(this.#read(piece), this.#scope)} %}`
      case 'case':
      case 'default':
        return this.#case(piece)
      case 'break':
        return this.#break(piece)
      case 'continue':
        return '{% continue %}'
      case 'noparse':
        return `{% raw %}${piece.inner.replaceAll('{%', '{% endraw %}{{ "{%" }}{% raw %}')}{% endraw %}`
      case 'ftl':
        this.#scope.warn('The header <#ftl> is left out.', start)
        return ''
      case 'compress':
        this.#scope.warn('<#compress> is left out: blanks stay as they are.', start)
        this.#enter({ name, at: start, end: '' })
        return ''
      default:
        throw new Refusal(`<#${name}> is not converted.`, start)
    }
  }

  #enter(open: Open): void {
    if (this.#open.length >= DEEPEST) throw new Refusal(`Directives are nested more than ${DEEPEST} deep.`, open.at)
    this.#open.push(open)
  }

  #else(piece: Piece): string {
    const sep = this.#closeSep()
    const open = this.#open.at(-1)
    if (open?.name !== 'if' && open?.name !== 'list')
      throw new Refusal('<#else> stands in no <#if> or <#list>.', piece.start)
    refuseBehindElse(open, piece)
    open.hasElse = true
    return `${sep}{% else %}`
  }

  #within(name: string, { name: own, start }: Piece): Open {
    const open = this.#open.at(-1)
    if (open?.name === name) return open
    throw new Refusal(`<#${own}> does not stand directly in a <#${name}>.`, start)
  }

  #list(piece: Piece): string {
    const reader = new FtlReader(piece.inner, piece.at)
    const source = reader.expression()
    if (!reader.accept('as')) throw new Refusal('<#list> is converted with "as" only.', piece.start)
    const first = variableOf(reader.name(), piece.at)
    const second = reader.accept(',') ? variableOf(reader.name(), piece.at) : undefined
    reader.end()
    const items = operandOf(source, this.#scope)
    const variable = second === undefined ? first : `${first}_${second}`
    this.#enter({
      name: 'list',
      at: piece.start,
      end: '{% endfor %}',
      variable: second === undefined ? first : second,
    })
    const pair =
      second === undefined ? '' : `{% assign ${first} = ${variable}[0] %}{% assign ${second} = ${variable}[1] %}`
    return `{% for ${variable} in ${items} %}${pair}`
  }

  #assign(piece: Piece): string {
    const reader = new FtlReader(piece.inner, piece.at)
    let result = ''
    do {
      const name = variableOf(reader.name(), piece.at)
      if (reader.isDone && result === '') {
        this.#enter({ name: piece.name, at: piece.start, end: '{% endcapture %}' })
        return `{% capture ${name} %}`
      }
      if (!reader.accept('=')) throw new Refusal('<#assign> is converted with = only.', piece.start)
      result += `{% assign ${name} = ${outputOf(reader.expression(), this.#scope)} %}`
      reader.accept(',')
    } while (!reader.isDone)
    return result
  }

  /** In Freemarker a case without a break goes on with the next one, in Liquid it never does. */
  #case(piece: Piece): string {
    const open = this.#within('switch', piece)
    if (open.hasBranch === true) throw new Refusal('The <#case> before does not end with <#break>.', piece.start)
    refuseBehindElse(open, piece)
    open.hasBranch = true
    open.hasElse = piece.name === 'default'
    return piece.name === 'default' ? '{% else %}' : `{% when ${operandOf(this.#read(piece), this.#scope)} %}`
  }

  #break({ start }: Piece): string {
    const inner = this.#open.findLast(({ name }) => name === 'switch' || name === 'list')
    if (inner?.name === 'list') return '{% break %}'
    if (inner === undefined || inner !== this.#open.at(-1))
      throw new Refusal('<#break> stands in no <#case> or <#list>.', start)
    inner.hasBranch = false
    return ''
  }

  #close({ name, start }: Piece): string {
    const sep = name === 'sep' ? '' : this.#closeSep()
    const open = this.#open.at(-1)
    if (open?.name !== name) throw new Refusal(`</#${name}> closes nothing.`, start)
    this.#open.pop()
    return sep + open.end
  }

  /** A <#sep> without an end reaches to the end of its list. */
  #closeSep(): string {
    if (this.#open.at(-1)?.name !== 'sep') return ''
    return this.#open.pop()?.end ?? ''
  }
}

function refuseBehindElse(open: Open, { name, start }: Piece): void {
  if (open.hasElse !== true) return
  const last = open.name === 'switch' ? 'default' : 'else'
  throw new Refusal(`<#${name}> stands behind <#${last}>; that is converted as the last branch only.`, start)
}
