/** Ends a timer that has not fired yet. */
export type Cancel = () => void

/** The only source of time: milliseconds since 1970, and timers. Tests inject one that they move by hand. */
export interface Clock {
  now(): number
  /** Calls `run` once, at `time` (ms since 1970) or at once when that has passed. */
  at(time: number, run: () => void): Cancel
}

/** Timers of the runtime take at most 2^31 - 1 ms; a longer wait is made of several. */
const LONGEST_TIMER = 2 ** 31 - 1

export const systemClock: Clock = {
  now: () => Date.now(),
  at(time, run) {
    let timer: ReturnType<typeof setTimeout>
    const arm = () => {
      const wait = Math.max(0, time - Date.now())
      timer = setTimeout(() => (wait > LONGEST_TIMER ? arm() : run()), Math.min(wait, LONGEST_TIMER))
    }
    arm()
    return () => clearTimeout(timer)
  },
}
