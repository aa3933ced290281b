import * as v from 'valibot'
import { applyEvent, emptyRecord } from '../../src/evaluate/run-record.ts'
import { headOf } from '../../src/evaluate/run-view.ts'
import { runEvent } from '../../src/model/run-event.ts'
import type { ArrivedEvent, Outcome, RunQueries } from '../../src/store/runs.ts'

export type EventInput = v.InferInput<typeof runEvent>

/** An event that arrives at a time (ms since 1970), which is also its own unless it says another. */
export function arrivedEvent(uid: string, input: EventInput, arrivedAt: number): ArrivedEvent {
  const event = v.parse(runEvent, input)
  return { uid, event, time: event.time ?? arrivedAt, arrivedAt }
}

/** Stores an event that no rule watches. */
export async function tellRun(
  runs: Pick<RunQueries, 'apply'>,
  uid: string,
  input: EventInput,
  arrivedAt: number,
): Promise<Outcome | undefined> {
  const arrived = arrivedEvent(uid, input, arrivedAt)
  const [outcome] = await runs.apply('default', [arrived], {
    advance(known, { event, time }) {
      const { record } = applyEvent(known ?? emptyRecord(), event, time, arrivedAt)
      return { record, due: [], isWatched: false }
    },
    columnsOf: headOf,
  })
  return outcome
}
