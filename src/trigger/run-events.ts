import type { Clock } from '../clock.ts'
import { AppError, type Issue } from '../errors.ts'
import type { RunFlow, RunOutcome } from '../flow/runs.ts'
import { type RunEvent, runUid } from '../model/run-event.ts'
import { readProjectEvent, readRunEvent } from '../model/run-event-read.ts'
import { validate } from '../model/validate.ts'
import type { ArrivedEvent } from '../store/runs.ts'

/** What became of one event of a request. */
export interface EventAnswer {
  uid: string | null
  id: string | null
  status: RunOutcome | 'invalid'
  issues?: readonly Issue[]
}

export interface RunEvents {
  /** Takes one event of a run. Throws `invalid` naming the fields. Resolves after its commit, as all do. */
  take(project: string, uid: string, input: unknown): Promise<RunOutcome>
  /** Takes events of one run, or, with `uid` null, of those they name. One that is not valid keeps back no other. */
  takeAll(project: string, uid: string | null, inputs: readonly unknown[]): Promise<EventAnswer[]>
  /** Decides for the notifications of a run on where it stands now. Resolves after the commit. */
  reconsider(project: string, uid: string): Promise<void>
  /** The same for a run that has ended, of which nothing more is heard; one that is under way comes to its end yet. */
  reconsiderEnded(project: string, uid: string): Promise<void>
}

/** Events in one request. */
const MOST_EVENTS = 1000
/** How far (ms) a sender's clock may be ahead. */
const AHEAD = 86_400_000

/** Takes in what runs tell. Events without a time count in the order they come here. */
export function createRunEvents(deps: { flow: RunFlow; clock: Clock; wake: () => void }): RunEvents {
  const { flow, clock, wake } = deps
  let last = 0

  /** Rises with every event, by less than a millisecond where several come within one. */
  function arrival(): number {
    last = Math.max(clock.now(), last + 1 / 1024)
    return last
  }

  function arrived(uid: string, event: RunEvent): ArrivedEvent {
    const arrivedAt = arrival()
    const { time = arrivedAt } = event
    if (time > arrivedAt + AHEAD) throw ahead()
    return { uid, event, time, arrivedAt }
  }

  async function apply(project: string, events: readonly ArrivedEvent[]): Promise<RunOutcome[]> {
    const { outcomes, isDue } = await flow.onRunEvents(project, events)
    if (isDue) wake()
    return outcomes
  }

  return {
    async take(project, uid, input) {
      const event = arrived(validate(runUid, uid, 'uid'), readRunEvent(input))
      const [outcome] = await apply(project, [event])
      return outcome ?? 'duplicate'
    },

    reconsider: (project, uid) => flow.reconsider(project, uid, false),
    reconsiderEnded: (project, uid) => flow.reconsider(project, uid, true),

    async takeAll(project, uid, inputs) {
      if (inputs.length > MOST_EVENTS)
        throw new AppError(
          'too-large',
          `A request may hold ${MOST_EVENTS} events, not ${inputs.length}. Send fewer at a time.`,
        )
      const run = uid === null ? null : validate(runUid, uid, 'uid')
      const answers: EventAnswer[] = []
      const events: ArrivedEvent[] = []
      const places: number[] = []
      for (const [place, input] of inputs.entries()) {
        try {
          const event = run === null ? readProjectEvent(input) : { uid: run, event: readRunEvent(input) }
          events.push(arrived(event.uid, event.event))
          places.push(place)
          answers.push({ uid: event.uid, id: event.event.id ?? null, status: 'applied' })
        } catch (thrown) {
          if (!(thrown instanceof AppError) || thrown.code !== 'invalid') throw thrown
          answers.push({ uid: textOf(input, 'uid'), id: textOf(input, 'id'), status: 'invalid', issues: thrown.issues })
        }
      }
      const outcomes = await apply(project, events)
      for (const [index, outcome] of outcomes.entries()) {
        const answer = answers[places[index] ?? -1]
        if (answer !== undefined) answer.status = outcome
      }
      return answers
    },
  }
}

function textOf(input: unknown, key: string): string | null {
  const value = typeof input === 'object' && input !== null ? (input as Record<string, unknown>)[key] : undefined
  return typeof value === 'string' ? value : null
}

function ahead(): AppError {
  const message = 'must not be more than a day ahead; set the clock of the sender'
  return new AppError('invalid', `time: ${message}.`, [{ path: 'time', message }])
}
