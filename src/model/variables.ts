import * as v from 'valibot'
import type { Json } from './json.ts'

const MOST_JSON = 64 * 1024

const variableName = v.pipe(
  v.string('must be text'),
  v.regex(/^[\p{L}_][\p{L}\p{N}_.-]{0,199}$/u, 'must begin with a letter and hold letters, digits, _ . and - only'),
  v.check((text) => text !== '__proto__', 'must not be __proto__'),
)

const constant = v.strictObject({
  name: variableName,
  value: v.pipe(
    v.unknown(),
    v.check(
      (value) => value !== undefined && JSON.stringify(value).length <= MOST_JSON,
      'must be at most 64 kB of JSON',
    ),
    v.transform((value) => value as Json),
  ),
})
const computed = v.strictObject({
  name: variableName,
  /** Knows the run, and the variables before it. */
  formula: v.pipe(v.string('must be text'), v.nonEmpty('must not be empty'), v.maxLength(20_000, 'must be shorter')),
})

const argument = v.pipe(
  v.string('must be text'),
  v.regex(/^[^\0]*$/, 'must not hold a NUL character'),
  v.maxLength(10_000, 'must be at most 10000 characters'),
)
const scripted = v.strictObject({
  /** The program by its whole path, and its arguments; no shell reads them. */
  command: v.pipe(
    v.array(argument, 'must be a list: the program and its arguments'),
    v.minLength(1, 'must name a program'),
    v.maxLength(100, 'must be at most 100 parts'),
    v.check(([program = '']) => program.startsWith('/'), 'must begin with a whole path such as /opt/alerts/owner.py'),
  ),
  /** The variables it prints; it is started where one of them may be used. */
  defines: v.pipe(
    v.array(variableName, 'must be a list of names'),
    v.minLength(1, 'must name the variables that it prints'),
    v.maxLength(200, 'must be at most 200 names'),
  ),
  timeoutSeconds: v.optional(
    v.pipe(
      v.number('must be a number of seconds'),
      v.minValue(1, 'must be 1 second at least'),
      v.maxValue(30, 'must be 30 seconds at most, since the event of the run is answered after it'),
    ),
    5,
  ),
})

/** Variables for conditions and messages about runs, in the order in which they are made. */
export const variableList = v.pipe(
  v.array(
    v.union(
      [constant, computed, scripted],
      'must be {"name":"…","value":…}, {"name":"…","formula":"…"} or {"command":["/…"],"defines":["…"]}',
    ),
    'must be a list such as [{"name":"owner","value":"ops@example.com"}]',
  ),
  v.maxLength(200, 'must be at most 200 variables'),
  v.check((list) => {
    const names = list.flatMap((variable) => ('name' in variable ? variable.name : []))
    return new Set(names).size === names.length
  }, 'must not hold two variables of one name'),
)

export type VariableList = v.InferOutput<typeof variableList>
/** A program that prints variables as a JSON object. */
export type VariableScript = v.InferOutput<typeof scripted>

/** The names of all variables of a list. */
export function variableNames(list: VariableList): string[] {
  return list.flatMap((variable) => ('name' in variable ? variable.name : variable.defines))
}
