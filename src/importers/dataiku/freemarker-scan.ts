/** A piece of a Freemarker template, with its place. */
export interface Piece {
  readonly kind: 'text' | 'output' | 'open' | 'close' | 'call' | 'comment'
  /** The text; of an output the expression; of a directive what stands behind its name. */
  readonly inner: string
  /** Of a directive, its name. */
  readonly name: string
  readonly start: number
  readonly end: number
  /** Where `inner` begins. */
  readonly at: number
}

/** Something that cannot be converted, at an offset of the template. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
  readonly at: number

  constructor(message: string, at: number) {
    super(message)
    this.at = at
  }
}

const NAME = /[A-Za-z_][\w.]*/y

/** Cuts a template into texts, outputs and directives. Throws a `Refusal` for what is never closed. */
export function scanFreemarker(text: string): Piece[] {
  const pieces: Piece[] = []
  const mark = /\$\{|#\{|<#--|<\/?[#@]/g
  let from = 0
  for (let match = mark.exec(text); match !== null; match = mark.exec(text)) {
    const piece = readPiece(text, match.index, match[0])
    if (match.index > from) pieces.push(textPiece(text, from, match.index))
    pieces.push(piece)
    from = piece.end
    mark.lastIndex = from
  }
  if (from < text.length) pieces.push(textPiece(text, from, text.length))
  return pieces
}

/**
 * The ranges of text that Freemarker leaves out: the blanks and line end of lines that hold directives and comments only.
 */
export function strippedRanges(text: string, pieces: readonly Piece[]): [start: number, end: number][] {
  const ranges: [number, number][] = []
  let first = 0
  for (let start = 0; start < text.length; ) {
    const newline = text.indexOf('\n', start)
    const end = newline < 0 ? text.length : newline + 1
    while ((pieces[first]?.end ?? end) <= start) first += 1
    let last = first
    while ((pieces[last]?.start ?? end) < end) last += 1
    const inside = pieces.slice(first, last)
    const tags = inside.filter(({ kind }) => kind !== 'text')
    const isBare = inside.every(({ kind, start: from, end: to }) =>
      kind === 'text'
        ? text.slice(Math.max(from, start), Math.min(to, end)).trim() === ''
        : kind !== 'output' && from >= start && to <= end,
    )
    if (tags.length > 0 && isBare) ranges.push([start, end])
    start = end
  }
  return ranges
}

function textPiece(text: string, start: number, end: number): Piece {
  return { kind: 'text', inner: text.slice(start, end), name: '', start, end, at: start }
}

function readPiece(text: string, start: number, mark: string): Piece {
  if (mark === '#{') throw new Refusal('Numbers as #{…} are not converted; write ${…?string("0.00")}.', start)
  if (mark === '<#--') {
    const end = text.indexOf('-->', start)
    if (end < 0) throw new Refusal('The comment is never closed by -->.', start)
    return { kind: 'comment', inner: text.slice(start + 4, end), name: '', start, end: end + 3, at: start + 4 }
  }
  if (mark === '${') {
    const end = endOf(text, start + 2, '}')
    if (end < 0) throw new Refusal('The ${ is never closed by }.', start)
    return { kind: 'output', inner: text.slice(start + 2, end), name: '', start, end: end + 1, at: start + 2 }
  }
  return readDirective(text, start, mark)
}

function readDirective(text: string, start: number, mark: string): Piece {
  NAME.lastIndex = start + mark.length
  const name = NAME.exec(text)?.[0] ?? ''
  const at = start + mark.length + name.length
  const end = endOf(text, at, '>')
  if (end < 0) throw new Refusal(`${mark}${name} is never closed by >.`, start)
  const inner = text.slice(at, end).replace(/\/$/, '')
  if (name === 'noparse' && mark === '<#') {
    const close = text.indexOf('</#noparse>', end)
    if (close < 0) throw new Refusal('<#noparse> is never closed.', start)
    return { kind: 'open', inner: text.slice(end + 1, close), name, start, end: close + 11, at: end + 1 }
  }
  const kind = mark.endsWith('@') ? 'call' : mark === '<#' ? 'open' : 'close'
  return { kind, inner, name, start, end: end + 1, at }
}

/** Where this closer stands outside quotes and brackets; -1 when it does not. */
function endOf(text: string, from: number, closer: string): number {
  let depth = 0
  for (let at = from; at < text.length; at += 1) {
    const char = text.charAt(at)
    if (char === '"' || char === "'") {
      at = endOfText(text, at)
      if (at < 0) return -1
    } else if (depth === 0 && char === closer) return at
    else if ('([{'.includes(char)) depth += 1
    else if (')]}'.includes(char)) depth = Math.max(0, depth - 1)
  }
  return -1
}

/** Where the text literal that begins at `at` ends; -1 when it does not. */
export function endOfText(text: string, at: number): number {
  for (let next = at + 1; next < text.length; next += 1) {
    if (text.charAt(next) === text.charAt(at)) return next
    if (text.charAt(next) === '\\') next += 1
  }
  return -1
}
