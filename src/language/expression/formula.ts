import { LIMITS } from './budget.ts'
import { fail } from './failure.ts'
import { parseFormula } from './formula/parser.ts'
import { formulaSemantics } from './formula/semantics.ts'
import { bindVariables, VARIABLES } from './formula/variables.ts'
import type { Node } from './tree.ts'

/** Dataiku's formula language, for conditions and the `${…}` of messages. */
export const formula = {
  parse,
  // Formulas know their functions when they are read, so that none is looked up as a name.
  functions: new Map<string, never>(),
  semantics: formulaSemantics,
  own: new Set([VARIABLES]),
  bind: bindVariables,
}

function parse(text: string): Node {
  if (text.length > LIMITS.text) fail('Budget', `The formula has more than ${LIMITS.text} characters.`, 0)
  return parseFormula(text)
}
