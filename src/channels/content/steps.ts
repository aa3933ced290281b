import type { Message } from '../../model/message.ts'
import { failedFirst } from '../../model/run.ts'
import { cleanLine, cut } from './clean.ts'

const LONGEST_ERROR = 80

/** The steps of a run, a line each, for forms that have no table; those that failed come first, since texts are cut. */
export function stepLines({ runs = [] }: Message): string[] {
  return failedFirst(runs.slice(1)).map(({ name, state, error }) => {
    const what = state === 'error' && error !== undefined ? cut(cleanLine(error), LONGEST_ERROR) : state
    return `${cleanLine(name)}: ${what}`
  })
}
