import type { Budget } from './budget.ts'
import { fail } from './failure.ts'
import type { Keywords, Value } from './value.ts'

/** What a function takes. */
export interface Signature {
  /** Parameters by place; an empty name cannot be given as a keyword. */
  readonly places: readonly string[]
  /** How many of them must be given. */
  readonly required: number
  /** Parameters that are given as keywords only. */
  readonly keywords?: readonly string[]
}

/** A method: what it takes, and how it is called on its object. */
export interface Method {
  readonly signature: Signature
  readonly call: (object: Value, given: readonly (Value | undefined)[], budget: Budget) => Value
}

/** Puts arguments to their parameters, those by place first; undefined where none was given. */
export function bind(
  name: string,
  signature: Signature,
  args: readonly Value[],
  given: Keywords,
): (Value | undefined)[] {
  const { places, required, keywords = [] } = signature
  if (args.length > places.length) {
    const most = places.length === 1 ? 'one argument' : `at most ${places.length} arguments`
    fail('TypeError', `${name}() takes ${places.length === 0 ? 'no arguments' : most} (${args.length} given)`)
  }
  const parameters = [...places, ...keywords]
  const bound: (Value | undefined)[] = parameters.map((_, index) => (index < places.length ? args[index] : undefined))
  for (const [keyword, value] of given) {
    const index = parameters.indexOf(keyword)
    if (index < 0) fail('TypeError', `'${keyword}' is an invalid keyword argument for ${name}()`)
    if (index < args.length) fail('TypeError', `${name}() got multiple values for argument '${keyword}'`)
    bound[index] = value
  }
  for (let index = 0; index < required; index += 1) {
    if (bound[index] === undefined) fail('TypeError', `${name}() is missing an argument (${required} required)`)
  }
  return bound
}
