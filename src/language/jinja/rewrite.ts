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
  const simple = map.every((token) => token.kind !== 'operator' || isOperator(token, '.', '[', ']'))
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
    else out.push(token)
  }
  return out
}

function attribute(tokens: readonly Token[], at: number, out: Token[]): number {
  const next = tokens[at + 1]
  if (next?.kind === 'number') {
    out.push(operator('['), next, operator(']'))
    return at + 1
  }
  const close = closingOf(tokens, at + 2)
  const [key, fallback, ...more] = splitArguments(tokens.slice(at + 3, close)).map(rewrite)
  if (next?.text !== 'get' || !isOperator(tokens[at + 2], '(') || !key || !fallback || more.length > 0) {
    out.push(operator('.'))
    if (next !== undefined) out.push(next)
    return at + 1
  }
  const map = out.splice(startOfOperand(out))
  const text = `((${textOf(map)})[${textOf(key)}] if (${textOf(key)}) in (${textOf(map)}) else (${textOf(fallback)}))`
  out.push({ kind: 'name', text, space: ' ' })
  return close
}

function filter(tokens: readonly Token[], at: number, out: Token[]): number {
  const name = tokens[at + 1]
  out.push(operator('|', tokens[at]?.space))
  if (name === undefined) return at
  const called = isOperator(tokens[at + 2], '(')
  const close = called ? closingOf(tokens, at + 2) : at + 1
  const inner = called ? tokens.slice(at + 3, close) : []
  const args = name.text === 'format' ? formatArguments(inner) : textOf(rewrite(inner))
  out.push(name)
  if (called) out.push(operator(`(${args})`))
  if (name.text === 'tojson') out.push(operator('|__json'))
  return close
}

function percent(tokens: readonly Token[], at: number, out: Token[]): number {
  const end = endOfOperand(tokens, at + 1)
  const operand = tokens.slice(at + 1, end)
  const several = isOperator(operand[0], '(') && closingOf(operand, 0) === operand.length - 1
  const args = formatArguments(several ? operand.slice(1, -1) : operand)
  out.push(operator(`|format(${args})`))
  return end - 1
}

/** An expression for the text a value is printed as. */
function printed(value: string): string {
  return `((${value}) if (${value}) is string else (${value})|string|__text)`
}

/** Each value goes along as the text it prints as, since the filter would not see that 2.0 is a float. */
function formatArguments(tokens: readonly Token[]): string {
  const args = splitArguments(tokens).map((part) => {
    const named = part[0]?.kind === 'name' && isOperator(part[1], '=')
    const value = textOf(rewrite(named ? part.slice(2) : part))
    return `${named ? `${part[0]?.text}=` : ''}[${printed(value)}, (${value}) is string]`
  })
  return args.join(', ')
}
