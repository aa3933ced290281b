import { distance } from '../../model/nearest.ts'

/** How many names an error lists. */
const SHOWN = 3

/** A sentence that names the nearest existing names, for the end of an error message. */
export function nearestSentence(name: string, names: Iterable<string>): string {
  const found = nearest(name, names)
  if (found.length === 0) return 'There are none.'
  return `Nearest: ${found.map((candidate) => `'${candidate}'`).join(', ')}.`
}

/** The names most like the one that does not exist, best first; for error messages. */
function nearest(name: string, names: Iterable<string>): string[] {
  const wanted = name.toLowerCase().slice(0, 100)
  const ranked = [...new Set(names)].slice(0, 1000).map((candidate) => ({
    candidate,
    distance: distance(wanted, candidate.toLowerCase().slice(0, 100)),
  }))
  ranked.sort((a, b) => a.distance - b.distance)
  return ranked.slice(0, SHOWN).map(({ candidate }) => candidate)
}
