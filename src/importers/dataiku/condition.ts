import { ExpressionError } from '../../language/expression/failure.ts'
import { compile } from '../../language/expression/program.ts'
import type { Notes } from './notes.ts'

/** Variables pasted into the text of a formula: `'${outcome}'`. */
const PASTED = /(["'])\$\{(\w+)\}\1|\$\{(\w+)\}/g
const FIELD = 'runCondition'

/**
 * A run condition as a formula; null where it could not be read. Variables that Dataiku pastes into the text before it is
 * read become variables of the formula. `and` and `or` between conditions, which make a reporter of Dataiku silent for
 * ever, are refused with the mend.
 */
export function readRunCondition(text: string, notes: Notes): string | null {
  const plain = text.replace(PASTED, (_, _quote, quoted, bare) => quoted ?? bare)
  if (plain !== text) notes.warnings.push(`${FIELD}: variables pasted in as \${…} are read as the variables themselves`)
  try {
    compile('formula', plain)
    return plain
  } catch (thrown) {
    if (!(thrown instanceof ExpressionError)) throw thrown
    const mended = mendWords(plain)
    if (mended !== plain && isFormula(mended))
      notes.fixes.push({ field: FIELD, value: mended, message: 'a formula has && and || between conditions' })
    notes.issues.push({ path: FIELD, message: thrown.message })
    return null
  }
}

function mendWords(text: string): string {
  return text
    .split(/("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')/)
    .map((part, place) =>
      place % 2 === 1 ? part : part.replace(/\band\b(?!\s*\()/gi, '&&').replace(/\bor\b(?!\s*\()/gi, '||'),
    )
    .join('')
}

function isFormula(text: string): boolean {
  try {
    compile('formula', text)
    return true
  } catch (thrown) {
    if (thrown instanceof ExpressionError) return false
    throw thrown
  }
}
