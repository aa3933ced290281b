/** Characters a rendered text may have, whatever the engine. */
export const MOST_OUTPUT = 1_000_000
