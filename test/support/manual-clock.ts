import type { Clock } from '../../src/clock.ts'

/** A clock that moves only when told to. */
export interface ManualClock extends Clock {
  /** Moves on by `ms`, firing timers in the order of their times. */
  advance(ms: number): void
  set(time: number): void
}

export function manualClock(start = Date.UTC(2026, 0, 1)): ManualClock {
  let now = start
  const timers = new Map<symbol, { time: number; run: () => void }>()

  function set(time: number) {
    for (;;) {
      const due = [...timers].filter(([, timer]) => timer.time <= time).sort((a, b) => a[1].time - b[1].time)[0]
      if (due === undefined) break
      timers.delete(due[0])
      now = Math.max(now, due[1].time)
      due[1].run()
    }
    now = time
  }

  return {
    now: () => now,
    at(time, run) {
      const key = Symbol('timer')
      timers.set(key, { time, run })
      return () => timers.delete(key)
    },
    advance: (ms) => set(now + ms),
    set,
  }
}
