import type { Budget } from './budget.ts'
import { fail } from './failure.ts'
import { attribute, boundMethod } from './methods.ts'
import { nearestSentence } from './nearest.ts'
import { binary, comparison, truthy, unary } from './operators.ts'
import { subscript } from './sequences.ts'
import type { BinaryOperator, CompareOperator } from './tree.ts'
import type { Call, Value } from './value.ts'

/** What a dialect makes of the operators and names of a tree. */
export interface Semantics {
  truthy(value: Value): boolean
  /** What `and` and `or` give of the operand that decided them. */
  decided(value: Value): Value
  binary(operator: BinaryOperator, a: Value, b: Value, budget: Budget): Value
  unary(operator: '+' | '-' | '~', value: Value): Value
  comparison(operator: CompareOperator, a: Value, b: Value, budget: Budget): boolean
  subscript(object: Value, index: Value, budget: Budget): Value
  attribute(object: Value, name: string, budget: Budget): Value
  /** A method, found before its arguments are evaluated. */
  method(object: Value, name: string): Call
  /** What a name stands for that is not given; `known` lists those that are. */
  absent(name: string, known: () => string[]): Value
}

/** CPython's. `refused` are names that it has and the language has not. */
export function pythonSemantics(refused: ReadonlySet<string>): Semantics {
  return {
    truthy,
    decided: (value) => value,
    binary,
    unary,
    comparison,
    subscript,
    attribute,
    method: boundMethod,
    absent(name, known) {
      if (refused.has(name)) fail('Refused', `'${name}' is not supported.`)
      return fail('NameError', `name '${name}' is not defined. ${nearestSentence(name, known())}`)
    },
  }
}
