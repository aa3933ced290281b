import { type Node, nodesOf } from '../language/expression/tree.ts'
import type { Value } from '../language/expression/value.ts'
import type { CompiledCondition } from './condition.ts'

/**
 * The numbers a condition compares its value with, such as 10 in `query_result["stuck"] > 10`; `perRow` asks for the test
 * of one row. None where it compares more than one value: then nobody could tell which number is whose.
 */
export function thresholdsOf(compiled: CompiledCondition, perRow: boolean): number[] {
  const { program, watch } = perRow ? compiled.row : compiled.whole
  if (watch === undefined) return []
  const comparison = nodesOf(program.tree).find(
    (node) => node.kind === 'compare' && [node.first, ...node.rest.map(({ operand }) => operand)].includes(watch),
  )
  if (comparison === undefined || comparison.kind !== 'compare') return []
  const operands = [comparison.first, ...comparison.rest.map(({ operand }) => operand)]
  return operands.flatMap((operand) => numberOf(operand) ?? [])
}

function numberOf(node: Node): number | undefined {
  if (node.kind === 'unary' && node.operator === '-') {
    const inner = numberOf(node.operand)
    return inner === undefined ? undefined : -inner
  }
  return node.kind === 'constant' ? plain(node.value) : undefined
}

function plain(value: Value): number | undefined {
  return typeof value === 'bigint' || typeof value === 'number' ? Number(value) : undefined
}
