import type { TemplateEngine } from '../model/rule.ts'
import { TemplateError } from './template-error.ts'

export type Engine = TemplateEngine

/** One tag of a template. `raw` and `comment` reach from their opening to their closing tag. */
export interface Tag {
  kind: 'output' | 'block' | 'comment' | 'raw'
  start: number
  end: number
  /** What stands between the delimiters, without the marks that trim white space. */
  inner: string
  /** The whole tag as it was written. */
  source: string
}

/**
 * Finds the tags of a template, in order. Delimiters inside a tag's own quotes or braces do not end it. Throws
 * `TemplateError` for a tag that is never closed.
 */
export function scanTags(text: string, engine: Engine): Tag[] {
  if (engine === 'formula') return scanFormulas(text)
  const tags: Tag[] = []
  const opening = engine === 'jinja' ? /\{[{%#]/g : /\{[{%]/g
  for (let match = opening.exec(text); match !== null; match = opening.exec(text)) {
    const tag = readTag(text, match.index, engine)
    tags.push(tag)
    opening.lastIndex = tag.end
  }
  return tags
}

/** The first word of a block tag, such as `for`. */
export function blockName(tag: Tag): string {
  return /^\s*([\w#]+)/.exec(tag.inner)?.[1] ?? ''
}

/** The line of a position, from 1. */
export function lineAt(text: string, position: number): number {
  return text.slice(0, position).split('\n').length
}

/** `${…}`, and `$${…}`, which is shown without its first `$`. */
function scanFormulas(text: string): Tag[] {
  const tags: Tag[] = []
  const opening = /\$?\$\{/g
  for (let match = opening.exec(text); match !== null; match = opening.exec(text)) {
    const [start, from] = [match.index, match.index + match[0].length]
    const end = endOfFormula(text, from)
    if (end < 0) throw unclosed(text, start, `${text.slice(start, start + 20)} is never closed by }`)
    const kind = match[0] === '${' ? 'output' : 'raw'
    tags.push({ kind, start, end, inner: text.slice(from, end - 1), source: text.slice(start, end) })
    opening.lastIndex = end
  }
  return tags
}

/** Where the formula that begins at `from` ends, behind its brace; -1 when it does not. */
function endOfFormula(text: string, from: number): number {
  let depth = 0
  for (let at = from; at < text.length; at += 1) {
    const char = text.charAt(at)
    if (char === '"' || char === "'") {
      // A quote that nothing closes is an apostrophe, as in `default:don't know`.
      const end = endOfString(text, at, 'jinja')
      at = end < 0 || text.slice(at, end).includes('\n') ? at : end
    } else if (char === '{') depth += 1
    else if (char === '}') {
      if (depth === 0) return at + 1
      depth -= 1
    }
  }
  return -1
}

function readTag(text: string, start: number, engine: Engine): Tag {
  const mark = text.charAt(start + 1)
  const kind = mark === '{' ? 'output' : mark === '%' ? 'block' : 'comment'
  const end = kind === 'comment' ? endOfComment(text, start) : endOfTag(text, start, kind, engine)
  const inner = text.slice(start + 2, end - 2).replace(/^[-+]|[-+]$/g, '')
  const tag: Tag = { kind, start, end, inner, source: text.slice(start, end) }
  const name = kind === 'block' ? blockName(tag) : ''
  if (name !== 'raw' && (name !== 'comment' || engine === 'jinja')) return tag
  const closing = new RegExp(`\\{%[-+]?\\s*end${name}\\s*[-+]?%\\}`, 'g')
  closing.lastIndex = end
  if (closing.exec(text) === null) throw unclosed(text, start, `{% ${name} %} has no {% end${name} %}`)
  return { ...tag, kind: name, end: closing.lastIndex, source: text.slice(start, closing.lastIndex) }
}

function endOfComment(text: string, start: number): number {
  const end = text.indexOf('#}', start + 2)
  if (end < 0) throw unclosed(text, start, 'the comment {# is never closed by #}')
  return end + 2
}

function endOfTag(text: string, start: number, kind: 'output' | 'block', engine: Engine): number {
  const close = kind === 'output' ? '}}' : '%}'
  // Liquid reads no quotes in block tags.
  const quotes = engine === 'jinja' || kind === 'output'
  let depth = 0
  for (let at = start + 2; at < text.length; at += 1) {
    const char = text.charAt(at)
    if (depth === 0 && text.startsWith(close, at)) return at + 2
    if (quotes && (char === '"' || char === "'")) {
      at = endOfString(text, at, engine)
      if (at < 0) break
    } else if (engine === 'jinja' && char === '{') depth += 1
    else if (engine === 'jinja' && char === '}') depth = Math.max(0, depth - 1)
  }
  throw unclosed(text, start, `the tag ${text.slice(start, start + 20)} is never closed by ${close}`)
}

/** Where the string literal that begins at `at` ends; -1 when it does not. Liquid knows no escapes in strings. */
function endOfString(text: string, at: number, engine: Engine): number {
  const quote = text.charAt(at)
  for (let next = at + 1; next < text.length; next += 1) {
    if (text.charAt(next) === quote) return next
    if (engine === 'jinja' && text.charAt(next) === '\\') next += 1
  }
  return -1
}

function unclosed(text: string, start: number, message: string): TemplateError {
  return new TemplateError(message, lineAt(text, start))
}
