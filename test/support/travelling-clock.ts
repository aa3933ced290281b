import type { ManualClock } from './manual-clock.ts'

/** A clock that runs as fast as any other, from a set beginning, and can be put forward. */
export function travellingClock(start = Date.UTC(2026, 0, 1)): ManualClock {
  const began = performance.now()
  let skipped = 0
  const timers = new Map<symbol, { time: number; run: () => void; real: ReturnType<typeof setTimeout> }>()
  const now = () => Math.floor(start + skipped + performance.now() - began)

  function fire(key: symbol) {
    const timer = timers.get(key)
    if (timer === undefined) return
    timers.delete(key)
    clearTimeout(timer.real)
    timer.run()
  }

  function advance(ms: number) {
    skipped += ms
    const due = [...timers].filter(([, { time }]) => time <= now()).sort((a, b) => a[1].time - b[1].time)
    for (const [key] of due) fire(key)
    for (const [key, timer] of timers) {
      clearTimeout(timer.real)
      timer.real = arm(key, timer.time)
    }
  }

  function arm(key: symbol, time: number) {
    return setTimeout(() => fire(key), Math.min(Math.max(0, time - now()) + 1, 2 ** 31 - 1))
  }

  return {
    now,
    at(time, run) {
      const key = Symbol('timer')
      timers.set(key, { time, run, real: arm(key, time) })
      return () => {
        clearTimeout(timers.get(key)?.real)
        timers.delete(key)
      }
    },
    advance,
    set: (time) => advance(time - now()),
  }
}
