import { childrenOf, type Node } from '../language/expression/tree.ts'
import { didYouMean, nearest } from '../model/nearest.ts'
import { columnNames, columnReferences, renameColumns } from './columns.ts'
import { type CompiledCondition, ConditionError, type ConditionInput, type Test, verdicts } from './condition.ts'
import { conditionNames, isConditionName, looksAtRows } from './names.ts'

/** A column that a condition names and its query does not return, and the text that would name the right one. */
export interface ColumnFix {
  missing: string
  available: string[]
  /** null where no column is meant clearly enough, or the condition is a guided trigger. */
  fixedText: string | null
}

export interface ConditionCheck {
  /** What fails at every evaluation. */
  errors: string[]
  warnings: string[]
  fixes: ColumnFix[]
}

/** What can be told of a condition without data: names that are not there, and comparisons that mislead. */
export function checkNames(compiled: CompiledCondition, fingerprint: readonly string[]): Omit<ConditionCheck, 'fixes'> {
  const { program } = testOf(compiled, fingerprint)
  const known = conditionNames.filter((name) => name !== 'row' || fingerprint.length > 0)
  // Further names of a formula are columns, which only the query tells.
  const errors = [...program.names]
    .filter((name) => (program.dialect === 'formula' ? name === 'row' : true) && !known.some((other) => other === name))
    .map((name) =>
      name === 'row'
        ? 'The name "row" is there only when fingerprint columns tell alerts apart.'
        : `There is no name "${name}".${didYouMean(name, known)} Names are ${known.join(', ')}.`,
    )
  const warnings: string[] = []
  if (identityTests(program.tree) > 0) {
    warnings.push('"is" is meant for None, True and False; use == to compare values.')
  }
  if (fingerprint.length > 0 && !compiled.guided && !looksAtRows(program)) {
    warnings.push('The condition does not look at "row", so every alert of the rule gets the same verdict.')
  }
  return { errors, warnings }
}

/** The same, and what a present result of the query shows: unknown columns with a fix, failures, other than true or false. */
export function checkCondition(compiled: CompiledCondition, input: ConditionInput): ConditionCheck {
  const { errors, warnings } = checkNames(compiled, input.fingerprint)
  const fixes = columnFixes(compiled, input)
  if (errors.length > 0 || fixes.length > 0) return { errors, warnings, fixes }
  try {
    const { items, boolean } = verdicts(compiled, input)
    if (items.length > 0 && !boolean && input.result.rows.length > 0) {
      warnings.push('The condition does not give true or false; its value is taken as true unless it is empty or zero.')
    }
  } catch (thrown) {
    if (!(thrown instanceof ConditionError)) throw thrown
    warnings.push(`The condition failed on the query's present result: ${thrown.message}`)
  }
  return { errors, warnings, fixes }
}

function columnFixes(compiled: CompiledCondition, { result, fingerprint }: ConditionInput): ColumnFix[] {
  const available = result.columns.map(({ name }) => name)
  const { program } = testOf(compiled, fingerprint)
  const named = program.dialect === 'formula' ? columnNames(program, isConditionName) : []
  const references = [...columnReferences(program.tree), ...named].sort((a, b) => a.at - b.at)
  const missing = [...new Set(references.map(({ column }) => column))].filter((name) => !available.includes(name))
  const renamed = new Map<string, string>()
  for (const name of missing) {
    const meant = columnMeant(name, available)
    if (meant !== undefined) renamed.set(name, meant)
  }
  const fixedText = compiled.guided ? null : renameColumns(compiled.text, references, renamed)
  return missing.map((name) => ({ missing: name, available, fixedText: renamed.has(name) ? fixedText : null }))
}

/** The column that a wrong name stands for: the same but for letter case, the only one, or one that is near. */
function columnMeant(name: string, available: readonly string[]): string | undefined {
  const same = available.filter((column) => column.toLowerCase() === name.toLowerCase())
  if (same.length === 1) return same[0]
  return available.length === 1 ? available[0] : nearest(name, available)
}

function testOf(compiled: CompiledCondition, fingerprint: readonly string[]): Test {
  return fingerprint.length > 0 ? compiled.row : compiled.whole
}

/** How often `is` stands beside something other than None, True and False. */
function identityTests(node: Node): number {
  const below = childrenOf(node).reduce((count, child) => count + identityTests(child), 0)
  if (node.kind !== 'compare') return below
  const operands = [node.first, ...node.rest.map(({ operand }) => operand)]
  const wrong = node.rest.filter(
    ({ operator }, index) => operator.startsWith('is') && ![operands[index], operands[index + 1]].some(isSingle),
  )
  return below + wrong.length
}

function isSingle(node: Node | undefined): boolean {
  return node?.kind === 'constant' && (node.value === null || typeof node.value === 'boolean')
}
