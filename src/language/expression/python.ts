import { Failure, fail } from './failure.ts'
import { functions } from './functions.ts'
import { tokenize } from './lexer.ts'
import { refusedMethods } from './methods.ts'
import { parseWhole } from './parser.ts'
import { pythonSemantics } from './semantics.ts'
import { childrenOf, type Node } from './tree.ts'

/** CPython's built-in names that are not part of the language. */
const refusedNames: ReadonlySet<string> = new Set(
  (
    'aiter anext ascii bin breakpoint bytearray bytes callable chr classmethod compile complex copyright credits delattr ' +
    'dict dir divmod eval exec exit filter format frozenset getattr globals hasattr hash help hex id input isinstance ' +
    'issubclass iter license locals map memoryview next object oct open ord pow print property quit repr reversed setattr ' +
    'slice staticmethod super tuple type vars Ellipsis NotImplemented'
  ).split(' '),
)

/** The longest text that is read. */
const LONGEST = 65_536

/** The part of Python's expressions that conditions are written in. */
export const python = { parse, functions, semantics: pythonSemantics(refusedNames) }

function parse(text: string): Node {
  if (text.length > LONGEST) fail('Budget', `The expression has more than ${LONGEST} characters.`, 0)
  const inner = withoutBraces(text)
  return inner === undefined ? read(text) : (attempt(inner) ?? attempt(text) ?? read(inner))
}

function read(text: string): Node {
  const tree = parseWhole(tokenize(text))
  check(tree)
  return tree
}

function attempt(text: string): Node | undefined {
  try {
    return read(text)
  } catch (thrown) {
    if (thrown instanceof Failure) return undefined
    throw thrown
  }
}

/** The text with the `{{ }}` blanked out that some products write around the whole, so that places stay the same. */
function withoutBraces(text: string): string | undefined {
  const match = /^(\s*)\{\{(.*)\}\}(\s*)$/s.exec(text)
  return match === null ? undefined : `${match[1]}  ${match[2]}  ${match[3]}`
}

/** Refuses calls of what is not part of the language before anything is evaluated. */
function check(node: Node): void {
  if (node.kind === 'call') {
    const { callee } = node
    if (callee.kind === 'name' && refusedNames.has(callee.name)) {
      fail(
        'Refused',
        `'${callee.name}' is not supported. Functions are ${[...functions.keys()].join(', ')}.`,
        callee.at,
      )
    }
    if (callee.kind === 'attribute' && refusedMethods.has(callee.name)) {
      fail('Refused', `The method '${callee.name}' is not supported.`, callee.at)
    }
  }
  for (const child of childrenOf(node)) check(child)
}
