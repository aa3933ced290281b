/** The parts of a message below its head in the order they are read, whatever is pressed or explains it after them. */
export const readingOrder = ['summary', 'paragraphs', 'facts', 'table', 'code', 'image', 'links', 'files'] as const

/** How much of a message a vendor takes, and what matters most of it. */
export interface Budget<Part extends string> {
  /** What all parts together may take, by `sizeOf`. */
  room: number
  /** What a part takes besides its text: it is told that much less. */
  spare: number
  /** Parts in order of what a reader would miss most, each with the most it may take. */
  worth: readonly (readonly [Part, number])[]
}

/** What was made of each part that found room, and the parts that found none. */
export interface Fitted<Part extends string, Piece> {
  made: Partial<Record<Part, Piece[]>>
  left: Part[]
}

/**
 * Makes the parts of a message in order of their worth, each knowing what room is left for it. One that takes more all
 * the same is left out.
 */
export function fit<Part extends string, Piece>(
  { room, spare, worth }: Budget<Part>,
  make: (part: Part, most: number) => Piece[],
  sizeOf: (pieces: readonly Piece[]) => number,
): Fitted<Part, Piece> {
  const made: Partial<Record<Part, Piece[]>> = {}
  const left: Part[] = []
  let free = room
  for (const [part, most] of worth) {
    const pieces = make(part, Math.max(spare, Math.min(most, free - spare)))
    const size = pieces.length === 0 ? 0 : sizeOf(pieces)
    if (size > free) left.push(part)
    else {
      made[part] = pieces
      free -= size
    }
  }
  return { made, left }
}

/** The largest count up to `most` that fits, given that every smaller one does, too; null when none fits. */
export function largest(most: number, fits: (count: number) => boolean): number | null {
  let low = -1
  let high = most
  while (low < high) {
    const middle = Math.ceil((low + high) / 2)
    if (fits(middle)) low = middle
    else high = middle - 1
  }
  return low === -1 ? null : low
}
