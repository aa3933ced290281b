/** One thing that is wrong with an input: where, and what to do about it. */
export interface Issue {
  /** Dotted path of the field, such as `routes.0.channel`; empty for the whole. */
  path: string
  /** The reason and the remedy, in one or two sentences. */
  message: string
}

/** The closed list of error codes, each with the HTTP status it is answered with. */
export const errorStatus = {
  invalid: 400,
  unauthenticated: 401,
  forbidden: 403,
  'not-found': 404,
  conflict: 409,
  'too-large': 413,
  unsupported: 415,
  locked: 423,
  'too-many': 429,
  internal: 500,
  unavailable: 503,
  'disk-full': 507,
} as const

export type ErrorCode = keyof typeof errorStatus

/**
 * A failure with a reason the user can act on. Anything else that is thrown is a defect of Tocsin.
 * `current` carries the stored object where an edit came too late.
 */
export class AppError extends Error {
  override readonly name = 'AppError'
  readonly code: ErrorCode
  readonly issues: readonly Issue[]
  readonly current: unknown

  constructor(code: ErrorCode, message: string, issues: readonly Issue[] = [], current?: unknown) {
    super(message)
    this.code = code
    this.issues = issues
    this.current = current
  }
}

/** Shorthand for the commonest failure: one named field is wrong. */
export function invalid(path: string, message: string): AppError {
  return new AppError('invalid', path === '' ? message : `${path}: ${message}`, [{ path, message }])
}

/** The text of anything that was thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown)
}
