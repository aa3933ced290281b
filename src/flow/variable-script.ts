import { createHash } from 'node:crypto'
import { cleanLine, cut } from '../channels/content/clean.ts'
import type { Clock } from '../clock.ts'
import { messageOf } from '../errors.ts'
import { type ScriptRunner, VariableError } from '../evaluate/run-variables.ts'
import type { Json, JsonObject } from '../model/json.ts'
import type { VariableScript } from '../model/variables.ts'
import { type Ended, ProgramError, type Programs } from '../programs.ts'

export interface ScriptRunnerDeps {
  programs: Pick<Programs, 'run'>
  clock: Pick<Clock, 'now'>
}

export interface Scripts {
  run: ScriptRunner
  /** Ends what runs with all it started, and lets nothing more begin. */
  close(): Promise<void>
}

/** Bytes a script may print. */
const MOST_OUTPUT = 64 * 1024
/** Scripts that run at a time; more wait. */
const MOST_AT_A_TIME = 4
/** ms for which an answer stands for the same question: several rules ask on one event. */
const LIFETIME = 10_000
const MOST_ANSWERS = 100
/** ms for which a script that did not end is left alone, so that it does not hold up every event. */
const PAUSE = 60_000
const SHOWN_OUTPUT = 300

/** Runs the scripts of variables: a program that the operator allowed, JSON in on standard input, a JSON object out. */
export function createScripts({ programs, clock }: ScriptRunnerDeps): Scripts {
  const ending = new AbortController()
  const underWay = new Set<Promise<unknown>>()
  const answers = new Map<string, { at: number; answer: Promise<JsonObject> }>()
  const pausedUntil = new Map<string, number>()
  const waiting: (() => void)[] = []
  let running = 0

  async function inTurn<T>(run: () => Promise<T>): Promise<T> {
    if (running >= MOST_AT_A_TIME) await new Promise<void>((begin) => waiting.push(begin))
    else running += 1
    try {
      return await run()
    } finally {
      const next = waiting.shift()
      if (next === undefined) running -= 1
      else next()
    }
  }

  async function printed(script: VariableScript, input: string): Promise<JsonObject> {
    const { command, timeoutSeconds } = script
    const key = JSON.stringify(command)
    const [program = ''] = command
    const until = pausedUntil.get(key) ?? 0
    if (clock.now() < until)
      throw new VariableError(
        `The script ${program} did not end in time and is left alone until ${new Date(until).toISOString()}.`,
      )
    const ended = await programs
      .run({
        argv: command,
        environment: {},
        input,
        timeout: timeoutSeconds * 1000,
        answerBytes: MOST_OUTPUT,
        signal: ending.signal,
      })
      .catch(notStarted)
    pausedUntil.delete(key)
    if (ended.stopped === 'timeout') pausedUntil.set(key, clock.now() + PAUSE)
    return objectOf(ended, script)
  }

  function ask(script: VariableScript, input: JsonObject): Promise<JsonObject> {
    const text = `${JSON.stringify(input)}\n`
    const hash = createHash('sha256').update(JSON.stringify(script)).update(text).digest('base64')
    const now = clock.now()
    const known = answers.get(hash)
    if (known !== undefined && now - known.at < LIFETIME) return known.answer
    const answer = inTurn(() => printed(script, text))
    const end = () => void underWay.delete(answer)
    underWay.add(answer)
    answer.then(end, end)
    answers.delete(hash)
    answers.set(hash, { at: now, answer })
    const [oldest] = answers.keys()
    if (answers.size > MOST_ANSWERS && oldest !== undefined) answers.delete(oldest)
    return answer
  }

  return {
    run: ask,
    async close() {
      ending.abort()
      await Promise.allSettled(underWay)
    },
  }
}

function notStarted(thrown: unknown): never {
  throw thrown instanceof ProgramError ? new VariableError(thrown.message) : thrown
}

/** What a script printed. Throws a VariableError saying what is wrong with it. */
function objectOf({ code, signal, stopped, output, answer }: Ended, script: VariableScript): JsonObject {
  const { command, timeoutSeconds } = script
  const fail = (what: string, shown = output): never => {
    const tail = shown === '' ? '' : ` It wrote: ${cut(cleanLine(shown), SHOWN_OUTPUT)}`
    throw new VariableError(`The script ${command[0]} ${what}.${tail}`)
  }
  if (stopped === 'timeout') return fail(`did not end within ${timeoutSeconds} s and was ended`)
  if (stopped === 'aborted') return fail('was ended since Tocsin is stopping')
  if (code === null) return fail(`was ended by ${signal}`)
  if (code !== 0) return fail(`ended with the exit code ${code}`)
  if (answer === null) return fail(`printed more than ${MOST_OUTPUT / 1024} kB`, '')
  if (answer.trim() === '') return fail('printed nothing; it must print a JSON object of variables')
  let value: Json
  try {
    value = JSON.parse(answer)
  } catch (thrown) {
    return fail(`printed what is not JSON (${messageOf(thrown)})`)
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value
  return fail('must print a JSON object of variables, such as {"owner": "ops@example.com"}')
}
