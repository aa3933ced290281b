import { quoted } from '../language/expression/print.ts'
import { namesOf, type Program } from '../language/expression/program.ts'
import { childrenOf, type Node } from '../language/expression/tree.ts'

/** A place in a condition that names a column. */
export interface ColumnReference {
  readonly column: string
  readonly at: number
  readonly end: number
  /** Whether it is written as a text in brackets, as an attribute or, in formulas, as a name. */
  readonly form: 'text' | 'attribute' | 'name'
}

const RESULTS: ReadonlySet<string> = new Set(['query_result', 'query_results', 'rows', 'previous'])

/** Every place of a condition that names a column, in its order. `row` and variables that go over rows count too. */
export function columnReferences(tree: Node): ColumnReference[] {
  const found: ColumnReference[] = []
  collect(tree, new Set(['row']), found)
  return found.sort((a, b) => a.at - b.at)
}

/** Every place of a formula that names a column by a name which is none of those there always are. */
export function columnNames(
  { tree, names }: Pick<Program, 'tree' | 'names'>,
  isOther: (name: string) => boolean,
): ColumnReference[] {
  const own = tree.kind === 'name' && names.has(tree.name) && !isOther(tree.name)
  const here: ColumnReference[] = own ? [{ column: tree.name, at: tree.at, end: tree.end, form: 'name' }] : []
  return [...here, ...childrenOf(tree).flatMap((child) => columnNames({ tree: child, names }, isOther))]
}

/** The text with columns renamed where a new name is given. */
export function renameColumns(
  text: string,
  references: readonly ColumnReference[],
  renamed: ReadonlyMap<string, string>,
): string {
  let result = text
  for (const { column, at, end, form } of [...references].reverse()) {
    const name = renamed.get(column)
    if (name === undefined) continue
    const isPlainName = /^[A-Za-z]\w*$/.test(name)
    if (form === 'name')
      result = result.slice(0, at) + (isPlainName ? name : `val(${quoted(name)})`) + result.slice(end)
    else if (form === 'text' && /["']/.test(text[at] ?? ''))
      result = result.slice(0, at) + withQuoteOf(text[at], name) + result.slice(end)
    else if (isPlainName) result = result.slice(0, at) + name + result.slice(end)
    else if (result[at - 1] === '.') result = `${result.slice(0, at - 1)}[${quoted(name)}]${result.slice(end)}`
  }
  return result
}

function withQuoteOf(quote: string | undefined, name: string): string {
  return quote === '"' && !/["\\]/.test(name) ? `"${name}"` : quoted(name)
}

function collect(node: Node, rows: ReadonlySet<string>, found: ColumnReference[]): void {
  if (node.kind === 'subscript' && isRowLike(node.object, rows)) {
    const { index } = node
    if (index.kind === 'constant' && typeof index.value === 'string') {
      found.push({ column: index.value, at: index.at, end: index.end, form: 'text' })
    }
  }
  if (node.kind === 'attribute' && isRowLike(node.object, rows)) {
    found.push({ column: node.name, at: node.at, end: node.end, form: 'attribute' })
  }
  if (node.kind === 'comprehension') {
    collect(node.source, rows, found)
    const own = namesOf(node.target)
    const inner = new Set([...rows].filter((name) => !own.includes(name)))
    if (node.target.kind === 'one' && isResult(node.source)) inner.add(node.target.name)
    for (const child of [node.element, ...node.conditions]) collect(child, inner, found)
    return
  }
  // The name of a method is no column.
  const isMethod = node.kind === 'call' && node.callee.kind === 'attribute'
  const children = childrenOf(node)
  for (const child of isMethod ? [...childrenOf(node.callee), ...children.slice(1)] : children) {
    collect(child, rows, found)
  }
}

/** Whether a node stands for all rows: the result itself or a slice of it. */
function isResult(node: Node): boolean {
  if (node.kind === 'name') return RESULTS.has(node.name)
  return node.kind === 'subscript' && node.index.kind === 'slice' && isResult(node.object)
}

/** Whether a node can be indexed with a column. */
function isRowLike(node: Node, rows: ReadonlySet<string>): boolean {
  if (node.kind === 'name') return rows.has(node.name) || RESULTS.has(node.name)
  if (node.kind !== 'subscript' || node.index.kind === 'slice') return false
  const isText = node.index.kind === 'constant' && typeof node.index.value === 'string'
  return !isText && isResult(node.object)
}
