/** How many names an error lists. */
const SHOWN = 3

/** The names most like the one that does not exist, best first; for error messages. */
export function nearest(name: string, names: Iterable<string>): string[] {
  const wanted = name.toLowerCase().slice(0, 100)
  const ranked = [...new Set(names)].slice(0, 1000).map((candidate) => ({
    candidate,
    distance: distance(wanted, candidate.toLowerCase().slice(0, 100)),
  }))
  ranked.sort((a, b) => a.distance - b.distance)
  return ranked.slice(0, SHOWN).map(({ candidate }) => candidate)
}

/** A sentence that names the nearest existing names, for the end of an error message. */
export function nearestSentence(name: string, names: Iterable<string>): string {
  const found = nearest(name, names)
  if (found.length === 0) return 'There are none.'
  return `Nearest: ${found.map((candidate) => `'${candidate}'`).join(', ')}.`
}

/** Letters to change, add or leave out to make one text of the other. */
function distance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let row = 1; row <= a.length; row += 1) {
    const current = [row]
    for (let column = 1; column <= b.length; column += 1) {
      const change = (previous[column - 1] ?? 0) + (a[row - 1] === b[column - 1] ? 0 : 1)
      current.push(Math.min(change, (previous[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1))
    }
    previous = current
  }
  return previous[b.length] ?? 0
}
