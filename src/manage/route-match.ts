import { type Route, routeKeys } from '../model/rule.ts'

/**
 * For each route after an edit the place it had before it; undefined for a new one, and where it cannot be told. Secrets
 * are not in what is edited, so a route that was taken for another would send to the other's address.
 *
 * A name tells best. Without one, or under a new one, a route is the one it equals; those that changed are taken in their
 * order, as long as none was added or removed among them.
 */
export function formerRoutes(before: readonly Route[], after: readonly Route[]): (number | undefined)[] {
  const former: (number | undefined)[] = after.map(() => undefined)
  const keys = routeKeys({ routes: [...before] })
  const left = new Set(before.keys())
  const pair = (was: number, is: number) => {
    former[is] = was
    left.delete(was)
  }
  for (const [is, { name }] of after.entries()) {
    const was = name === undefined ? -1 : keys.indexOf(name)
    if (left.has(was)) pair(was, is)
  }
  const open = () => [...after.keys()].filter((is) => former[is] === undefined)
  const pairGroups = (groupOf: (route: Route | undefined) => string | null, mayGrow: boolean) => {
    const candidates = Map.groupBy(left, (was) => groupOf(before[was]))
    for (const [group, found] of Map.groupBy(open(), (is) => groupOf(after[is]))) {
      const known = group === null ? [] : (candidates.get(group) ?? [])
      if (found.length === known.length || (mayGrow && found.length > known.length))
        for (const [place, was] of known.entries()) pair(was, found[place] ?? -1)
    }
  }
  pairGroups(contentOf, true)
  pairGroups(unnamedKind, false)
  return former
}

/** A route as text, without its name; the order of settings does not matter. */
function contentOf(route: Route | undefined): string {
  return JSON.stringify({ ...route, name: undefined }, (_key, value: unknown) =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1)))
      : value,
  )
}

/** What kind of inline channel a route without a name has; null for others. */
function unnamedKind(route: Route | undefined): string | null {
  const channel = route?.channel ?? null
  return route?.name !== undefined || channel === null || typeof channel === 'string' ? null : channel.kind
}
