import { LIMITS } from './budget.ts'
import { fail } from './failure.ts'
import { jinjaGlobals } from './jinja/globals.ts'
import { parseJinja } from './jinja/parser.ts'
import { jinjaSemantics } from './jinja/semantics.ts'
import type { Node } from './tree.ts'

/** Expressions of Jinja2, with filters and tests: conditions that are one `{{ … }}`. */
export const jinja = { parse, functions: jinjaGlobals, semantics: jinjaSemantics }

const WHOLE = /^(\s*\{\{[-+]?)([\s\S]*?)([-+]?\}\}\s*)$/

/** The braces around the whole are left out. */
function parse(text: string): Node {
  if (text.length > LIMITS.text) fail('Budget', `The expression has more than ${LIMITS.text} characters.`, 0)
  if (/\{%|\{#|\}\}[\s\S]*\{\{/.test(text)) {
    fail('Refused', 'Only one {{ expression }} can be evaluated here, without {% tags %} and comments.', 0)
  }
  const [, before = '', inner = text] = WHOLE.exec(text) ?? []
  return parseJinja(inner, before.length)
}
