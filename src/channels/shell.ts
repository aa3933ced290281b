import type { Message } from '../model/message.ts'
import { type Ended, ProgramError } from '../programs.ts'
import type { Channel, Receipt, SendContext } from './channel.ts'
import { cleanLine, cleanLines, cut } from './content/clean.ts'
import { eventJson, eventTypes } from './content/event.ts'
import { DeliveryError } from './failure.ts'
import { argvOf, type ShellSettings, shellSettings } from './shell/settings.ts'

interface ShellPayload {
  /** For standard input. */
  input: string
  /** Of the message alone. */
  environment: Record<string, string>
}

/** What a program ends with when it wants to be started again later: EX_TEMPFAIL of sysexits.h. */
const TRY_AGAIN = 75
const LONGEST_TEXT = 4000

export const shell = {
  kind: 'shell',
  label: 'Program on this machine',
  documentation: 'https://man7.org/linux/man-pages/man3/sysexits.h.3head.html',
  settings: shellSettings,
  limits: { inFlight: 1, retries: 'chat' },
  idempotent: false,
  destination: (settings: ShellSettings) => cut(`program ${argvOf(settings)[0] ?? ''}`, 300),
  program: (settings: ShellSettings) => argvOf(settings)[0] ?? '',
  render(message: Message): ShellPayload {
    const { kind, severity, title, summary, rule, body } = message
    const texts = { TYPE: eventTypes[kind], SEVERITY: severity, TITLE: title, SUMMARY: summary, RULE: rule }
    const environment = Object.entries(texts).map(([name, text]) => [
      `TOCSIN_${name}`,
      cut(cleanLine(text), LONGEST_TEXT),
    ])
    return { input: body?.text ?? `${eventJson(message)}\n`, environment: Object.fromEntries(environment) }
  },
  async send(payload: ShellPayload, settings: ShellSettings, context: SendContext): Promise<Receipt> {
    const { environment, secretEnvironment = {}, timeoutSeconds } = settings
    const chosen = Object.entries(environment).map(([name, value]) => [name, cleanLines(value)])
    const own = { TOCSIN_DELIVERY: context.deliveryId, TOCSIN_ATTEMPT: String(context.attempt) }
    const ended = await context.programs
      .run({
        argv: argvOf(settings),
        environment: { ...Object.fromEntries(chosen), ...secretEnvironment, ...payload.environment, ...own },
        input: payload.input,
        timeout: timeoutSeconds * 1000,
        signal: context.signal,
      })
      .catch(notStarted)
    if (ended.code === 0 && ended.stopped === null) return { response: answer(ended) }
    throw failure(ended, timeoutSeconds)
  },
} satisfies Channel<typeof shellSettings, ShellPayload>

function notStarted(thrown: unknown): never {
  if (!(thrown instanceof ProgramError)) throw thrown
  const { reason, message } = thrown
  const isPassing = reason === 'busy' || reason === 'aborted'
  throw new DeliveryError(isPassing ? 'retryable' : 'rejected', reason, message)
}

/** What was ended from outside, or by a crash, may have done its work or half of it. */
function failure(ended: Ended, seconds: number): DeliveryError {
  const { code, signal, stopped } = ended
  const response = answer(ended)
  if (stopped === 'timeout')
    return new DeliveryError('unknown', 'timeout', `The program did not end within ${seconds} s and was ended.`, {
      response,
    })
  if (stopped === 'aborted')
    return new DeliveryError('unknown', 'aborted', 'The program was ended while it ran.', { response })
  if (code === null)
    return new DeliveryError('unknown', `${signal}`, `The program was ended by ${signal}.`, { response })
  if (code === TRY_AGAIN)
    return new DeliveryError('retryable', 'exit-75', 'The program asks to be started again later (exit code 75).', {
      response,
    })
  return new DeliveryError('rejected', `exit-${code}`, `The program ended with the exit code ${code}.`, { response })
}

function answer({ code, signal, output }: Ended): string {
  const end = code === null ? `ended by ${signal}` : `exit code ${code}`
  return output === '' ? end : `${end}\n${cleanLines(output)}`
}
