import { QueryError } from './connection.ts'

/** A signal that fires when the caller gives up or the time is over. */
export interface Deadline {
  signal: AbortSignal
  /** Why it fired, for what was thrown because of it; null when it has not. */
  cause(): QueryError | null
  clear(): void
}

/** Joins the caller's signal with a limit of `ms`. */
export function createDeadline(caller: AbortSignal, ms: number): Deadline {
  const controller = new AbortController()
  const abort = () => controller.abort()
  const timer = setTimeout(abort, ms)
  caller.addEventListener('abort', abort)
  if (caller.aborted) abort()
  return {
    signal: controller.signal,
    cause() {
      if (caller.aborted) return new QueryError('aborted', 'The query was given up.')
      if (!controller.signal.aborted) return null
      return new QueryError('timeout', 'The query took longer than its timeout and was stopped.')
    },
    clear() {
      clearTimeout(timer)
      caller.removeEventListener('abort', abort)
    },
  }
}
