import { functions } from '../functions.ts'
import { type Callable, dict } from '../value.ts'

/** Jinja2's global functions that make values. */
export const jinjaGlobals: ReadonlyMap<string, Callable> = new Map(
  [
    functions.get('range'),
    { kind: 'function', name: 'dict', call: (_, keywords) => dict(keywords) } satisfies Callable,
  ].flatMap((one): [string, Callable][] => (one === undefined ? [] : [[one.name, one]])),
)
