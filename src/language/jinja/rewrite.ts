import { addFilter, addMethod, bounded, readArguments } from './calls.ts'
import {
  closingOf,
  endOfOperand,
  endsOperand,
  isOperator,
  operator,
  splitArguments,
  startOfOperand,
  type Token,
  textOf,
  tokenize,
} from './tokens.ts'

/**
 * An expression written so that the engine does what Jinja2 does where the two differ: `rows.0`, `.get(key, default)`,
 * `"…" % values`, adjacent strings, and filters that need to know how a value is printed.
 */
export function rewriteExpression(text: string): string {
  return textOf(rewrite(tokenize(text)))
}

/** The head of a block tag; several names that are set at once get the brackets the engine asks for. */
export function rewriteBlock(head: string): string {
  const several = /^(\s*set\s+)(\w+(?:\s*,\s*\w+)+)\s*=(?!=)([\s\S]*)$/.exec(head)
  if (several === null) return rewriteExpression(head)
  return `${several[1]}(${several[2]}) = (${rewriteExpression(several[3] ?? '')}) `
}

/** The keys of the maps written in an expression, in their order. */
export function keysOfMaps(text: string): string[][] {
  const tokens = tokenize(text)
  const keys = (open: number) =>
    splitArguments(tokens.slice(open + 1, closingOf(tokens, open))).flatMap(([key, colon]) =>
      key?.kind === 'string' && isOperator(colon, ':') ? [key.text.slice(1, -1)] : [],
    )
  return tokens.flatMap((token, at) => (isOperator(token, '{') ? [keys(at)] : []))
}

/**
 * The head of a loop over a map, which goes through the keys in the order the map was given in; the engine's own order
 * is that of the alphabet. Undefined for any other loop.
 */
export function rewriteLoop(head: string): { head: string; first: string } | undefined {
  const tokens = tokenize(head)
  const at = tokens.findIndex(({ text }) => text === 'in')
  const names = tokens.slice(1, at).filter(({ text }) => text !== ',')
  const over = tokens.slice(at + 1)
  const pairs = over.length > 2 && isOperator(over.at(-2), '|') && over.at(-1)?.text === 'items'
  const called = /\.\s*items\s*\(\s*\)$/.test(textOf(over))
  const map = over.slice(0, pairs ? -2 : called ? -4 : undefined)
  const simple = map.every((token) => token.kind !== 'operator' || '.[]{}:,'.includes(token.text))
  if (at < 0 || !simple || map.some(({ text }) => ['loop', 'if', 'recursive'].includes(text))) return undefined
  const [key, value] = names.map(({ text }) => text)
  const source = textOf(rewrite(map))
  if (names.length === 2 && (pairs || called))
    return { head: ` for ${key} in (${source})|__keys `, first: `{% set ${value} = (${source})[${key}] %}` }
  if (names.length !== 1 || pairs || called) return undefined
  return { head: ` for ${key} in ((${source})|__keys if (${source}) is mapping else (${source})) `, first: '' }
}

function rewrite(tokens: readonly Token[]): Token[] {
  const out: Token[] = []
  for (let at = 0; at < tokens.length; at += 1) {
    const token = tokens[at]
    if (token === undefined) break
    const before = out.at(-1)
    if (isOperator(token, '|')) at = filter(tokens, at, out)
    else if (isOperator(token, '.') && before !== undefined && endsOperand(before)) at = attribute(tokens, at, out)
    else if (isOperator(token, '%') && before?.kind === 'string') at = percent(tokens, at, out)
    else if (token.kind === 'string' && before?.kind === 'string') out.push(operator('~'), token)
    else if (token.text === 'cycler' && isOperator(tokens[at + 1], '(')) at = cycler(tokens, at, out)
    else if (!isOperator(token, '+') || !isUnary(before)) out.push(token)
  }
  return out
}

function attribute(tokens: readonly Token[], at: number, out: Token[]): number {
  const next = tokens[at + 1]
  if (next?.kind === 'number') {
    out.push(operator('['), next, operator(']'))
    return at + 1
  }
  if (next !== undefined && isOperator(tokens[at + 2], '(')) {
    const close = closingOf(tokens, at + 2)
    const args = readArguments(tokens.slice(at + 3, close), rewrite)
    if (addMethod(out, next.text, args)) return close
    const [key, fallback] = args
    if (next.text === 'get' && args.length === 2 && key !== undefined && fallback !== undefined) {
      const map = bounded(textOf(out.splice(startOfOperand(out))))
      const text = `((${map})[${key.text}] if (${key.text}) in (${map}) else (${fallback.text}))`
      out.push({ kind: 'name', text: bounded(text), space: ' ' })
      return close
    }
  }
  out.push(operator('.'))
  if (next !== undefined) out.push(next)
  return at + 1
}

function filter(tokens: readonly Token[], at: number, out: Token[]): number {
  const name = tokens[at + 1]
  if (name === undefined) {
    out.push(operator('|'))
    return at
  }
  const called = isOperator(tokens[at + 2], '(')
  const close = called ? closingOf(tokens, at + 2) : at + 1
  addFilter(out, name.text, called ? readArguments(tokens.slice(at + 3, close), rewrite) : null)
  return close
}

/** The engine takes the values to go through as one list. */
function cycler(tokens: readonly Token[], at: number, out: Token[]): number {
  const close = closingOf(tokens, at + 1)
  const values = textOf(rewrite(tokens.slice(at + 2, close)))
  out.push({ kind: 'name', text: `(cycler([${values}]))`, space: ' ' })
  return close
}

function percent(tokens: readonly Token[], at: number, out: Token[]): number {
  const end = endOfOperand(tokens, at + 1)
  const operand = tokens.slice(at + 1, end)
  const several = isOperator(operand[0], '(') && closingOf(operand, 0) === operand.length - 1
  const args = several ? readArguments(operand.slice(1, -1), rewrite) : [{ name: null, text: textOf(rewrite(operand)) }]
  addFilter(out, 'format', args)
  return end - 1
}

/** Whether a sign stands for itself here rather than between two operands. */
function isUnary(before: Token | undefined): boolean {
  return before === undefined || (before.kind !== 'number' && !endsOperand(before))
}
