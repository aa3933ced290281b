/**
 * What the Worker is asked: to render a rewritten template, or to check one without running it. `original` is the text
 * as its author wrote it, `data` the number of characters its variables have.
 */
export type JinjaRequest =
  | { id: number; kind: 'render'; source: string; original: string; shapes: string[][]; data: number }
  | { id: number; kind: 'check'; source: string; original: string; filters: string[]; tests: string[] }

/** `broken`: the engine cannot be used any more. */
export type JinjaAnswer =
  | { id: number; kind: 'ready' }
  | { id: number; kind: 'text'; text: string }
  | { id: number; kind: 'unknown'; filters: string[]; tests: string[] }
  | { id: number; kind: 'error'; message: string; line: number | null; broken: boolean }
