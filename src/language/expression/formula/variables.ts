import { fail } from '../failure.ts'
import { nearestSentence } from '../nearest.ts'
import { type Callable, type Container, type Dict, dict, type Value } from '../value.ts'
import { autoTyped, textOf } from './values.ts'

/** The name under which formulas reach variables whose names are no words: `variables["Step #2"]`. */
export const VARIABLES = 'variables'

/** All names by text; one that is not there is nothing. */
class Variables implements Container {
  readonly kind = 'container'
  readonly type = 'variables'
  readonly shape = 'dict'
  readonly #names: ReadonlyMap<string, Value>

  constructor(names: ReadonlyMap<string, Value>) {
    this.#names = names
  }

  /** As it was given: text that looks like a number stays text. */
  given(name: string): Value | undefined {
    return this.#names.get(name)
  }

  size(): number {
    return this.#names.size
  }

  items(): Iterable<Value> {
    return this.#names.keys()
  }

  item(key: Value): Value {
    return autoTyped(this.#names.get(textOf(key)) ?? null)
  }

  has(key: Value): boolean {
    return this.#names.has(textOf(key))
  }

  names(): string[] {
    return [...this.#names.keys()]
  }

  plain(): Dict {
    return dict(this.#names)
  }

  same(other: Container): boolean {
    return other === this
  }
}

/** The names a formula sees: typed by how they look, and all of them under `variables`. */
export function bindVariables(names: ReadonlyMap<string, Value>): ReadonlyMap<string, Value> {
  const listed = names.get(VARIABLES)
  const inside = typeof listed === 'object' && listed !== null && listed.kind === 'dict' ? listed.entries.values() : []
  const all = new Map(names)
  all.delete(VARIABLES)
  for (const [key, value] of inside) all.set(textOf(key), value)
  const bound = new Map<string, Value>()
  for (const [name, value] of names) bound.set(name, autoTyped(value))
  return bound.set(VARIABLES, new Variables(all))
}

/** A variable as it was given, text included; undefined when there is none of that name. */
export function variable(variables: Value, name: Value): Value | undefined {
  return variables instanceof Variables ? variables.given(textOf(name)) : undefined
}

/** What `${name}` within the text of a formula stands for. */
export const textOfVariable: Callable = {
  kind: 'function',
  name: 'variable',
  call([variables = null, name = null]) {
    const value = variable(variables, name)
    if (value !== undefined) return textOf(value)
    const known = variables instanceof Variables ? variables.names() : []
    return fail('NameError', `There is no variable '${textOf(name)}'. ${nearestSentence(textOf(name), known)}`)
  },
}
