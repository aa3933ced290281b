import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { formerRoutes } from '../../src/manage/route-match.ts'
import type { RuleInput } from '../../src/model/rule.ts'
import { routeKeys } from '../../src/model/rule.ts'
import { definitionOf } from '../support/rules.ts'

type RouteInput = NonNullable<RuleInput['routes']>[number]

/** A route with an inline webhook; `mark` is what tells it apart, since its address is a secret and not to be seen. */
function hook(mark: string, more: Partial<RouteInput> = {}): RouteInput {
  return { channel: { kind: 'webhook', settings: { method: mark } }, ...more }
}

function matched(before: RouteInput[], after: RouteInput[]) {
  const routesOf = (routes: RouteInput[]) => definitionOf({ routes }).routes
  return formerRoutes(routesOf(before), routesOf(after))
}

describe('after an edit a route is', () => {
  const [a, b, c] = [hook('A'), hook('B'), hook('C')]
  const named = (name: string, mark: string) => hook(mark, { name })
  const cases: [string, RouteInput[], RouteInput[], (number | undefined)[]][] = [
    ['the same where nothing changed', [a, b], [a, b], [0, 1]],
    ['the same after the order changed', [a, b, c], [c, a, b], [2, 0, 1]],
    ['the same after the one before it was removed', [a, b], [b], [1]],
    ['the same after one was put before it', [a], [b, a], [undefined, 0]],
    ['the one of its name, whatever else changed', [named('x', 'A'), named('y', 'B')], [named('y', 'A')], [1]],
    ['the one whose key it now has as a name', [a, b], [named('webhook-2', 'C')], [1]],
    ['the same under a new name', [named('x', 'A'), named('y', 'B')], [named('z', 'B')], [1]],
    ['the same after its name was taken away', [named('x', 'A'), b], [b, a], [1, 0]],
    ['the same after it was given a name', [a, b], [a, named('second', 'B')], [0, 1]],
    ['the one in its place when it alone changed', [a, b], [a, c], [0, 1]],
    ['the one left over when others moved and it changed', [a, b], [b, c], [1, 0]],
    ['the one in its place when all changed', [a, b], [c, hook('D')], [0, 1]],
    ['new where there was none', [], [a], [undefined]],
    ['new when it has a new name and another content', [a], [named('x', 'B')], [undefined]],
    ['new beside the one it was copied from', [a], [a, a], [0, undefined]],
    ['not told where one of two alike was removed', [a, a], [a], [undefined]],
    ['not told where it changed while another was removed', [a, b], [c], [undefined]],
    ['not told where it changed while another was added', [a], [b, c], [undefined, undefined]],
    ['none of another kind', [a], [{ channel: { kind: 'mail', settings: { method: 'A' } } }], [undefined]],
    ['told by more than its channel', [hook('A', { each: true }), a], [a], [1]],
    ['a stored channel too', [{ channel: 'Ops' }, a], [a, { channel: 'Ops' }], [1, 0]],
    ['never a stored channel for an inline one', [{ channel: 'webhook' }], [a], [undefined]],
  ]
  for (const [title, before, after, expected] of cases)
    test(title, () => expect(matched(before, after)).toEqual(expected))
})

const marks = fc.constantFrom('A', 'B', 'C', 'D')
const names = fc.option(fc.constantFrom('x', 'y', 'webhook', 'webhook-2'), { nil: undefined })
const anyRoute = fc.record({ mark: marks, name: names }).map(({ mark, name }) => hook(mark, name ? { name } : {}))
const routes = fc.array(anyRoute, { maxLength: 6 })

describe('whatever an edit does', () => {
  test('no two routes come from the same one', () => {
    fc.assert(
      fc.property(routes, routes, (before, after) => {
        const places = matched(before, after).filter((place) => place !== undefined)
        expect(new Set(places).size).toBe(places.length)
        for (const place of places) expect(before[place]).toBeDefined()
      }),
    )
  })

  test('routes that all differ keep their place in any order, and after any are removed', () => {
    const all = ['A', 'B', 'C', 'D', 'E'].map((mark) => hook(mark))
    fc.assert(
      fc.property(fc.shuffledSubarray(all), (kept) => {
        expect(matched(all, kept)).toEqual(kept.map((route) => all.indexOf(route)))
      }),
    )
  })

  test('leaving routes alone leaves each where it was', () => {
    const distinct = fc.uniqueArray(anyRoute, { selector: ({ name }) => name ?? {}, maxLength: 6 })
    fc.assert(fc.property(distinct, (same) => expect(matched(same, same)).toEqual([...same.keys()])))
  })
})

describe('the keys of routes', () => {
  const keysOf = (...routes: RouteInput[]) => routeKeys(definitionOf({ routes }))
  const cases: [string, RouteInput[], string[]][] = [
    ['are names where there are some', [hook('A', { name: 'x' }), { channel: 'Ops', name: 'y' }], ['x', 'y']],
    ['are the names of stored channels else', [{ channel: 'Ops' }, { channel: 'Dev' }], ['Ops', 'Dev']],
    ['are the kinds of inline channels else', [hook('A')], ['webhook']],
    ['are told apart by a number', [hook('A'), hook('B'), hook('C')], ['webhook', 'webhook-2', 'webhook-3']],
    ['stand in for a channel that is not named yet', [{ channel: null }, { channel: null }], ['unnamed', 'unnamed-2']],
    ['leave a name to the route that has it', [hook('A'), hook('B', { name: 'webhook' })], ['webhook-2', 'webhook']],
    [
      'go around numbers that are names',
      [hook('A'), hook('B'), hook('C', { name: 'webhook-2' })],
      ['webhook', 'webhook-3', 'webhook-2'],
    ],
    ['are told apart even where names are not', [hook('A', { name: 'x' }), hook('B', { name: 'x' })], ['x', 'x-2']],
  ]
  for (const [title, routes, expected] of cases) test(title, () => expect(keysOf(...routes)).toEqual(expected))

  test('are unique, and a name that is unique is the key', () => {
    fc.assert(
      fc.property(routes, (given) => {
        const keys = keysOf(...given)
        expect(new Set(keys).size).toBe(given.length)
        for (const [index, { name }] of given.entries())
          if (name !== undefined && given.filter((other) => other.name === name).length === 1)
            expect(keys[index]).toBe(name)
      }),
    )
  })
})
