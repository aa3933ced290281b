import { allowText, type Budget } from '../budget.ts'
import { identical } from '../compare.ts'
import { fail } from '../failure.ts'
import { divideDown } from '../numbers.ts'
import { numeric, truthy } from '../operators.ts'
import { toText } from '../print.ts'
import type { CompareOperator } from '../tree.ts'
import { type Callable, isContainer, typeName, type Value } from '../value.ts'
import { isUndefined, jinjaSemantics } from './semantics.ts'

type Check = (value: Value, argument: Value, budget: Budget) => boolean

const isKind = (value: Value, ...kinds: string[]) =>
  typeof value === 'object' && value !== null && kinds.includes(value.kind)
const isNumber = (value: Value) => typeof value === 'boolean' || numeric(value) !== undefined
const isDict = (value: Value) => isKind(value, 'dict') || (isContainer(value) && value.shape === 'dict')
const isSequence = (value: Value) =>
  typeof value === 'string' || isKind(value, 'list', 'tuple', 'dict', 'range', 'container', 'undefined')

/** Jinja2's tests by name, called with the value and the test's argument. */
export const tests: ReadonlyMap<string, Callable> = new Map([
  test('defined', (value) => !isUndefined(value)),
  test('undefined', (value) => isUndefined(value)),
  test('none', (value) => value === null),
  test('boolean', (value) => typeof value === 'boolean'),
  test('true', (value) => value === true),
  test('false', (value) => value === false),
  test('number', isNumber),
  test('integer', (value) => typeof value === 'bigint'),
  test('float', (value) => typeof value === 'number'),
  test('string', (value) => typeof value === 'string'),
  test('mapping', isDict),
  test('sequence', isSequence),
  test('iterable', (value) => isSequence(value) || isKind(value, 'set', 'view', 'iterator')),
  test('callable', (value) => isKind(value, 'function')),
  test('lower', (value, _, budget) => isCased(toText(value, budget), (text) => text.toLowerCase())),
  test('upper', (value, _, budget) => isCased(toText(value, budget), (text) => text.toUpperCase())),
  test('odd', (value) => Number(rest(value, 2n)) === 1),
  test('even', (value) => Number(rest(value, 2n)) === 0),
  test('divisibleby', (value, by) => Number(rest(value, by)) === 0),
  test('sameas', (value, other) => identical(value, other)),
  ...(
    [
      ['==', ['eq', 'equalto', '==']],
      ['!=', ['ne', '!=']],
      ['<', ['lt', 'lessthan', '<']],
      ['<=', ['le', '<=']],
      ['>', ['gt', 'greaterthan', '>']],
      ['>=', ['ge', '>=']],
      ['in', ['in']],
    ] satisfies [CompareOperator, string[]][]
  ).flatMap(([operator, names]) =>
    names.map((name) =>
      test(name, (value, other, budget) => jinjaSemantics.comparison(operator, value, other, budget)),
    ),
  ),
])

/** `a ~ b ~ …` */
export const concatenate: Callable = {
  kind: 'function',
  name: '~',
  call(args, _, budget) {
    const pieces = args.map((value) => toText(value, budget))
    allowText(
      budget,
      pieces.reduce((sum, piece) => sum + piece.length, 0),
    )
    return pieces.join('')
  },
}

/** Whether a value passes a test that is named by text, as `select("odd")` names it. */
export function passes(name: Value, value: Value, args: readonly Value[], budget: Budget): boolean {
  if (name === undefined || name === null) return truthy(value)
  const found = typeof name === 'string' ? tests.get(name) : undefined
  if (found === undefined) return fail('Refused', `There is no test '${toText(name, budget).slice(0, 40)}' here.`)
  return truthy(found.call([value, ...args], new Map(), budget))
}

function test(name: string, check: Check): [string, Callable] {
  const call: Callable['call'] = ([value = null, argument = null], _, budget) => check(value, argument, budget)
  return [name, { kind: 'function', name, call }]
}

function rest(value: Value, by: Value) {
  const [number, divisor] = [numeric(value), numeric(by)]
  if (number === undefined || divisor === undefined) {
    return fail('TypeError', `the test needs numbers, not '${typeName(value)}'`)
  }
  return divideDown(number, divisor)[1]
}

/** Whether a text has letters, and all of them in this case. */
function isCased(text: string, cased: (text: string) => string): boolean {
  return text === cased(text) && text.toLowerCase() !== text.toUpperCase()
}
