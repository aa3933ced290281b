import type { Env } from '../config.ts'

/** What a verb sees of the process that runs it. */
export interface Terminal {
  /** Writes a line to standard output. */
  out(line: string): void
  /** Writes a line to standard error. */
  err(line: string): void
  env: Env
  /** The mask of modes that the process was started with; what it writes itself is its owner's alone. */
  umask: number
  /** Aborted when the process is asked to end. */
  signal: AbortSignal
  /** From now on calls `run` at SIGHUP, which otherwise ends the process. */
  onHangUp(run: () => void): void
}

/** Reports that the command line itself is wrong: exit code 2 rather than 1. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}
