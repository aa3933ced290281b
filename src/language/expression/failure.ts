/** CPython's exception classes, and two of our own: `Refused` (outside the language) and `Budget` (too expensive). */
export type ErrorKind =
  | 'SyntaxError'
  | 'NameError'
  /** Jinja2's: something undefined was used for more than printing. */
  | 'UndefinedError'
  | 'TypeError'
  | 'KeyError'
  | 'IndexError'
  | 'ValueError'
  | 'AttributeError'
  | 'ZeroDivisionError'
  | 'OverflowError'
  | 'Refused'
  | 'Budget'

/** An expression that cannot be read or has no value. `line` and `column` count from 1. */
export class ExpressionError extends Error {
  override readonly name = 'ExpressionError'
  readonly kind: ErrorKind
  readonly line: number
  readonly column: number

  constructor(kind: ErrorKind, message: string, line: number, column: number) {
    super(message)
    this.kind = kind
    this.line = line
    this.column = column
  }
}

/** A failure within the core, before its place in the text is known as line and column. */
export class Failure extends Error {
  override readonly name = 'Failure'
  readonly kind: ErrorKind
  /** Offset in the text, where the place that failed knows it. */
  readonly at: number | undefined

  constructor(kind: ErrorKind, message: string, at?: number) {
    super(message)
    this.kind = kind
    this.at = at
  }
}

/** Ends the reading or evaluation with an error. */
export function fail(kind: ErrorKind, message: string, at?: number): never {
  throw new Failure(kind, message, at)
}

/** Runs a step of the core and turns its failures into errors with line and column. `at` is where it had come to. */
export function located<T>(text: string, at: () => number, run: () => T): T {
  try {
    return run()
  } catch (thrown) {
    if (thrown instanceof Failure) throw place(text, thrown.at ?? at(), thrown.kind, thrown.message)
    // What engines throw when the stack or memory runs out.
    if (thrown instanceof RangeError) throw place(text, at(), 'Budget', 'The expression is too large.')
    throw thrown
  }
}

function place(text: string, at: number, kind: ErrorKind, message: string): ExpressionError {
  const before = text.slice(0, at)
  const start = before.lastIndexOf('\n') + 1
  const line = before.split('\n').length
  return new ExpressionError(kind, message, line, [...before.slice(start)].length + 1)
}
