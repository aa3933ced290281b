import * as v from 'valibot'

/** A text of at most so many characters. */
export const text = (most: number) =>
  v.pipe(v.string('must be text'), v.maxLength(most, `must be at most ${most} characters`))

/** The same, and not empty. */
export const filled = (most: number) => v.pipe(text(most), v.nonEmpty('must not be empty'))
