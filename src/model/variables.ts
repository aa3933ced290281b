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

/** Variables for conditions and messages about runs, in the order in which they are made. */
export const variableList = v.pipe(
  v.array(
    v.union([constant, computed], 'must be {"name":"…","value":…} or {"name":"…","formula":"…"}'),
    'must be a list such as [{"name":"owner","value":"ops@example.com"}]',
  ),
  v.maxLength(200, 'must be at most 200 variables'),
  v.check(
    (list) => new Set(list.map(({ name }) => name)).size === list.length,
    'must not hold two variables of one name',
  ),
)

export type VariableList = v.InferOutput<typeof variableList>
