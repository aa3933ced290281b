import { cleanLines } from '../channels/content/clean.ts'

/** Characters of each of the two columns. */
const WIDTH = 56

/** Two texts beside each other under their names, line by line; long lines are folded. */
export function sideBySide(names: readonly [string, string], one: string, other: string): string[] {
  const left = rowsOf(one)
  const right = rowsOf(other)
  const lines = Array.from({ length: Math.max(left.length, right.length) }, (_, index) => [
    left[index] ?? [],
    right[index] ?? [],
  ])
  const folded = lines.flatMap(([here = [], there = []]) =>
    Array.from({ length: Math.max(here.length, there.length) }, (_, index) => [here[index] ?? '', there[index] ?? '']),
  )
  const rule = '-'.repeat(WIDTH)
  return [names, [rule, rule], ...folded].map(([here = '', there = '']) => {
    const padding = ' '.repeat(Math.max(0, WIDTH - [...here].length))
    return `    ${here}${padding} | ${there}`.trimEnd()
  })
}

/** The lines of a text, each in pieces that fit into a column. */
function rowsOf(text: string): string[][] {
  return cleanLines(text)
    .replaceAll('\t', '  ')
    .split('\n')
    .map((line) => {
      const characters = [...line]
      const count = Math.max(1, Math.ceil(characters.length / WIDTH))
      return Array.from({ length: count }, (_, piece) => characters.slice(piece * WIDTH, (piece + 1) * WIDTH).join(''))
    })
}
