import { endStates, type Occurrence, type RunState, type RunView } from '../model/run.ts'
import type { Occasion, RunMatch } from '../model/run-match.ts'

/** What went before a run that ended: how many failures in a row, and whether the run before them all succeeded. */
export interface History {
  /** Failures in a row right before it. */
  failures: number
  /** How the latest one before it ended; null when there was none. */
  latest: RunState | null
}

/** Whether a text matches a pattern in which `*` stands for any characters and `?` for one. Takes no more than their product of steps. */
export function matchesGlob(pattern: string, text: string): boolean {
  let [at, place, star, mark] = [0, 0, -1, 0]
  while (place < text.length) {
    const sign = pattern[at]
    if (sign === '*') {
      star = at
      mark = place
      at += 1
    } else if (sign === '?' || (sign !== undefined && sign === text[place])) {
      at += 1
      place += 1
    } else if (star >= 0) {
      at = star + 1
      mark += 1
      place = mark
    } else return false
  }
  while (pattern[at] === '*') at += 1
  return at === pattern.length
}

/** Whether a pattern can match one text only. */
export function isExact(pattern: string): boolean {
  return !/[*?]/.test(pattern)
}

type Matched = Pick<RunView, 'uid' | 'name' | 'kind' | 'labels' | 'trigger' | 'schedule'>

/** Why a rule is not about a run, in words; null when it is. */
export function whyUnmatched(match: RunMatch, run: Matched): string | null {
  const { name, uid, kind, labels, trigger, schedule } = match
  if (uid !== undefined && uid !== run.uid) return `it is the run "${run.uid}", not "${uid}"`
  if (!matchesGlob(name, run.name)) return `its name is "${run.name}", not "${name}"`
  if (kind !== undefined && kind !== run.kind) return `it is a ${run.kind}, not a ${kind}`
  for (const [key, pattern] of Object.entries(labels)) {
    const label = Object.hasOwn(run.labels, key) ? run.labels[key] : undefined
    if (label === undefined) return `it has no label "${key}"`
    if (!matchesGlob(pattern, label)) return `its label ${key} is "${label}", not "${pattern}"`
  }
  if (schedule !== undefined && !matchesGlob(schedule, run.schedule))
    return run.schedule === '' ? 'it names no schedule' : `its schedule is "${run.schedule}", not "${schedule}"`
  if (trigger === undefined) return null
  if (run.trigger === null) return 'it names no trigger'
  return matchesGlob(trigger, run.trigger.name) ? null : `its trigger is "${run.trigger.name}", not "${trigger}"`
}

/** The occasions of a rule that a state may be one of, those aside that depend on what went before. */
export function possibleOccasions(when: readonly Occasion[], { step, state }: Occurrence): Occasion[] {
  return when.filter((occasion) => {
    if (typeof occasion === 'object' && 'step' in occasion)
      return step !== null && occasion.states.includes(state) && matchesGlob(occasion.step, step)
    if (step !== null) return false
    if (typeof occasion === 'object') return state === 'error'
    switch (occasion) {
      case 'start':
        return state === 'running'
      case 'end':
        return endStates.includes(state)
      case 'change':
        return true
      case 'recovered':
        return state === 'completed'
      case 'first-failure':
        return state === 'error'
      default:
        return occasion === state
    }
  })
}

/** How many runs before a run an occasion looks at; 0 when it looks at none. */
export function lookback(occasions: readonly Occasion[]): number {
  return Math.max(0, ...occasions.map(lookbackOf))
}

function lookbackOf(occasion: Occasion): number {
  if (typeof occasion === 'object') return 'failures' in occasion ? occasion.failures : 0
  return occasion === 'recovered' || occasion === 'first-failure' ? 1 : 0
}

/** Which of the possible occasions it really is, in words. */
export function occasionsMet(possible: readonly Occasion[], history: History): string[] {
  return possible.flatMap((occasion) => {
    if (typeof occasion === 'object') {
      if ('step' in occasion) return [`a step came to ${occasion.states.join(' or ')}`]
      return history.failures + 1 === occasion.failures ? [`${occasion.failures} failures in a row`] : []
    }
    if (occasion === 'recovered') return history.latest === 'error' ? ['recovered'] : []
    if (occasion === 'first-failure') return history.latest === 'error' ? [] : ['first failure']
    return [occasion]
  })
}

/** What went before, from how the runs and attempts before it ended, newest first; only successes and failures count. */
export function historyOf(before: readonly RunState[]): History {
  const counted = before.filter((state) => state === 'completed' || state === 'error')
  const success = counted.indexOf('completed')
  return { failures: success < 0 ? counted.length : success, latest: counted[0] ?? null }
}
