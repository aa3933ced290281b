import { fail } from './failure.ts'

export const LIMITS = {
  /** Work of one evaluation, in steps: one for each node and each item gone over, more for long texts. */
  steps: 200_000,
  /** Open brackets, and levels of the tree. */
  depth: 50,
  integerBits: 4096,
  /** Characters of a text that an expression makes. */
  text: 65_536,
  listItems: 10_000,
  /** Time of one evaluation in ms; with what comes before and after it stays below 250. */
  time: 200,
} as const

/** What an evaluation may still use. Several evaluations may share one. */
export interface Budget {
  steps: number
  readonly listItems: number
  /** A clock in ms that only goes forward; without one time is not limited. */
  readonly elapsed: (() => number) | undefined
  readonly deadline: number
  nextLook: number
}

export interface BudgetOptions {
  /** Rows of the result: lists may be as long, and each adds to the steps. */
  rows?: number
  /** A clock in ms that only goes forward, such as `performance.now`. */
  elapsed?: () => number
}

/** Steps between two looks at the clock. */
const LOOK_EVERY = 256
/** Characters of text that are handled in one step. */
const TEXT_PER_STEP = 32
/** A result of more rows than usual has steps for each of them. */
const STEPS_PER_ROW = 20

export function createBudget({ rows = 0, elapsed }: BudgetOptions = {}): Budget {
  const steps = Math.max(LIMITS.steps, rows * STEPS_PER_ROW)
  return {
    steps,
    listItems: Math.max(LIMITS.listItems, rows),
    elapsed,
    deadline: elapsed === undefined ? 0 : elapsed() + LIMITS.time,
    nextLook: steps - LOOK_EVERY,
  }
}

/** Takes steps from the budget. */
export function charge(budget: Budget, steps: number): void {
  budget.steps -= steps
  if (budget.steps < budget.nextLook) look(budget)
}

/** Takes the steps for going over `length` characters of text. */
export function chargeText(budget: Budget, length: number): void {
  charge(budget, 1 + Math.floor(length / TEXT_PER_STEP))
}

/** Refuses a text before it is made, and takes the steps for making it. */
export function allowText(budget: Budget, length: number): void {
  limitText(length)
  chargeText(budget, length)
}

/** Refuses a text before it is made. */
export function limitText(length: number): void {
  if (length > LIMITS.text) fail('Budget', `A text would have more than ${LIMITS.text} characters.`)
}

/** Refuses a list before it is made, and takes the steps for making it. */
export function allowList(budget: Budget, length: number): void {
  if (length > budget.listItems) fail('Budget', `A list would have more than ${budget.listItems} items.`)
  charge(budget, 1 + Math.floor(length / 4))
}

/** Refuses an integer of more bits than allowed; called before it is computed, with the least it will have. */
export function allowBits(bits: number): void {
  if (bits > LIMITS.integerBits) fail('Budget', `An integer would have more than ${LIMITS.integerBits} bits.`)
}

/** Looks at the clock now, after something that may have taken long in a single step. */
export function lookAtClock(budget: Budget): void {
  if (budget.elapsed !== undefined && budget.elapsed() > budget.deadline) {
    fail('Budget', `The expression takes longer than ${LIMITS.time} ms.`)
  }
}

function look(budget: Budget): void {
  if (budget.steps < 0) fail('Budget', 'The expression takes too many steps.')
  lookAtClock(budget)
  budget.nextLook = Math.max(0, budget.steps - LOOK_EVERY)
}
