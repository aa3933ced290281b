import { allowList, type Budget, charge } from '../budget.ts'
import { isNoRow } from '../compare.ts'
import { Failure, fail } from '../failure.ts'
import type { Evaluate, Form } from '../tree.ts'
import { dict, list, noRow, type Value } from '../value.ts'
import { isEqual } from './semantics.ts'
import { arrayOf, asNumber, described, isTruthy, objectOf, wholeOf } from './values.ts'

/** A control structure or test: it decides which of its arguments are evaluated. */
export interface FormulaForm {
  readonly name: string
  readonly least: number
  readonly most: number
  /** The arguments that are names of variables, and the first argument that sees them. */
  readonly variables: readonly number[]
  readonly inner: number
  make(binds: readonly string[], count: number): Form['run']
}

const MANY = Number.POSITIVE_INFINITY

/** The control structures and tests by name. */
export const forms: ReadonlyMap<string, FormulaForm> = new Map(
  [
    lazy('if', 2, 3, (evaluate) => (isTruthy(evaluate(0)) ? evaluate(1) : evaluate(2))),
    { ...lazy('switch', 3, MANY, () => null), make: (_: readonly string[], count: number) => switchOf(count) },
    binding('with', 3, [1], 2, (evaluate, [name = '']) => evaluate(2, new Map([[name, evaluate(0)]]))),
    binding('filter', 3, [1], 2, (evaluate, [name = ''], budget) =>
      list(
        arrayOf(evaluate(0), 'filter', budget).filter((item) => {
          charge(budget, 1)
          return isTruthy(evaluate(2, new Map([[name, item]])))
        }),
      ),
    ),
    binding('forEach', 3, [1], 2, (evaluate, [name = ''], budget) =>
      list(arrayOf(evaluate(0), 'forEach', budget).map((item) => evaluate(2, new Map([[name, item]])))),
    ),
    binding('forEachIndex', 4, [1, 2], 3, (evaluate, [index = '', name = ''], budget) =>
      list(
        arrayOf(evaluate(0), 'forEachIndex', budget).map((item, at) =>
          evaluate(
            3,
            new Map<string, Value>([
              [index, BigInt(at)],
              [name, item],
            ]),
          ),
        ),
      ),
    ),
    binding('forRange', 5, [3], 4, forRange),
    binding('objectFilter', 4, [1, 2], 3, objectFilter),
    test('isError', true, () => false),
    test('isBlank', true, (value) => value === null || value === '' || isNoRow(value)),
    test('isNonBlank', false, (value) => value !== null && value !== '' && !isNoRow(value)),
    test('isNull', false, isNull, true),
    test('isNotNull', true, (value) => !isNull(value), false),
    test('isNumeric', false, (value) => asNumber(value) !== undefined),
  ].map((form) => [form.name, form]),
)

type Body = (evaluate: Evaluate, names: readonly string[], budget: Budget) => Value

function lazy(name: string, least: number, most: number, run: Form['run']): FormulaForm {
  return { name, least, most, variables: [], inner: MANY, make: () => run }
}

function binding(name: string, count: number, variables: number[], inner: number, body: Body): FormulaForm {
  return {
    name,
    least: count,
    most: count,
    variables,
    inner,
    make: (binds) => (evaluate, budget) => body(evaluate, binds, budget),
  }
}

/**
 * A test of one value. `failing` is what it says of one that cannot be computed, `missing` of a variable there is not,
 * where that differs.
 */
function test(name: string, failing: boolean, holds: (value: Value) => boolean, missing = failing): FormulaForm {
  return lazy(name, 1, 1, (evaluate) => {
    try {
      return holds(evaluate(0))
    } catch (thrown) {
      if (!(thrown instanceof Failure) || thrown.kind === 'Budget' || thrown.kind === 'Refused') throw thrown
      return thrown.kind === 'NameError' ? missing : failing
    }
  })
}

function isNull(value: Value): boolean {
  return value === null || isNoRow(value) || (typeof value === 'string' && value.trim() === '')
}

function switchOf(count: number): Form['run'] {
  return (evaluate, budget) => {
    const value = evaluate(0)
    let at = 1
    for (; at + 1 < count; at += 2) {
      charge(budget, 1)
      if (isEqual(value, evaluate(at), budget)) return evaluate(at + 1)
    }
    return at < count ? evaluate(at) : null
  }
}

function forRange(evaluate: Evaluate, [name = '']: readonly string[], budget: Budget): Value {
  const [from, to, step] = [0, 1, 2].map((at) => wholeOf(evaluate(at), 'forRange'))
  if (from === undefined || to === undefined || step === undefined) return null
  if (step === 0) fail('ValueError', 'The step of forRange must not be 0.')
  allowList(budget, Math.max(0, Math.ceil((to - from) / step)))
  const values: Value[] = []
  for (let at = from; step > 0 ? at < to : at > to; at += step) {
    values.push(evaluate(4, new Map([[name, BigInt(at)]])))
  }
  return list(values)
}

function objectFilter(evaluate: Evaluate, [key = '', name = '']: readonly string[], budget: Budget): Value {
  const given = evaluate(0)
  if (isNoRow(given)) return noRow
  const object = objectOf(given, budget) ?? fail('TypeError', `objectFilter needs an object, not ${described(given)}.`)
  return dict(
    [...object.entries.values()].filter(([field, item]) =>
      isTruthy(
        evaluate(
          3,
          new Map([
            [key, field],
            [name, item],
          ]),
        ),
      ),
    ),
  )
}
