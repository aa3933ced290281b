import type { Budget } from '../budget.ts'
import { isNoRow } from '../compare.ts'
import { type Callable, noRow, type Value } from '../value.ts'

/** A function of formulas with the number of its arguments, so that a wrong one is told when the formula is saved. */
export interface FormulaFunction {
  readonly name: string
  readonly least: number
  readonly most: number
  readonly callable: Callable
  /** Whether it is given all variables before its arguments. */
  readonly reads: boolean
}

export type Body = (args: readonly Value[], budget: Budget) => Value

export const MANY = Number.POSITIVE_INFINITY

/** A function of `least` to `most` arguments; one that does not know a missing row gives it back. */
export function define(
  name: string,
  least: number,
  most: number,
  body: Body,
  { reads = false, knowsMissing = false } = {},
): FormulaFunction {
  const call = (args: readonly Value[], _: unknown, budget: Budget) =>
    !knowsMissing && args.some(isNoRow) ? noRow : body(args, budget)
  return { name, least, most, reads, callable: { kind: 'function', name, call } }
}
