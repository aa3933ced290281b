import { isNoRow } from '../compare.ts'
import type { Value } from '../value.ts'
import { define, MANY } from './function.ts'
import { asNumber, autoTyped, isTruthy, numberOf, textOf, typeOf } from './values.ts'
import { variable } from './variables.ts'

const isEmpty = (value: Value) => value === null || value === '' || isNoRow(value)

/** Reading variables, truth and kinds of values. `and`, `or` and `now` are read as parts of the language. */
export const valueFunctions = [
  define('val', 1, 2, ([all = null, name = null, other = null]) => autoTyped(variable(all, name) ?? other), {
    reads: true,
  }),
  define(
    'strval',
    1,
    2,
    ([all = null, name = null, other = null]) => {
      const value = variable(all, name)
      return isEmpty(value ?? null) ? other : textOf(value ?? null)
    },
    { reads: true, knowsMissing: true },
  ),
  define(
    'numval',
    1,
    2,
    ([all = null, name = null, other = null]) => {
      const value = variable(all, name)
      return value === undefined || isEmpty(value) ? other : numberOf(value, 'numval')
    },
    { reads: true, knowsMissing: true },
  ),
  define('and', 1, MANY, (args) => args.every(isTruthy)),
  define('or', 1, MANY, (args) => args.some(isTruthy)),
  define('not', 1, 1, ([value = null]) => !isTruthy(value)),
  define('asBool', 1, 1, ([value = null]) => isTruthy(value)),
  define('isTrue', 1, 1, ([value = null]) => isTruthy(value)),
  define('isFalse', 1, 1, ([value = null]) => !isEmpty(value) && !isTruthy(value)),
  define('type', 1, 1, ([value = null]) => typeOf(value)),
  define('coalesce', 1, MANY, (args) => args.find((value) => !isEmpty(value)) ?? null, { knowsMissing: true }),
  define('toNumber', 1, 1, ([value = null]) => asNumber(value) ?? numberOf(value, 'toNumber')),
  define('now', 0, 0, () => null),
]
