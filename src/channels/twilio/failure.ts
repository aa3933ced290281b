import type { Json, JsonObject } from '../../model/json.ts'
import type { HttpResponse } from '../../net.ts'
import { DeliveryError } from '../failure.ts'
import { answerText, retryAfterOf, statusFailure } from '../http.ts'

/** What an error of Twilio means for a delivery. */
interface TwilioError {
  /** For people: what is wrong and what helps. */
  text: string
  /** Certainly not sent, and may work later; else it is rejected. */
  retry?: true
  /** Proof that the channel will never work again. What is wrong with one number proves nothing about the others. */
  disables?: true
}

const busy = { text: 'Twilio asks to send less often.', retry: true } as const
const unregistered = { text: 'The sender is not registered for this country; register it at Twilio.' } as const
const badSender = {
  text: 'The sender cannot be used for this; check that the account has it and what it may send.',
} as const

/** Documented errors: https://www.twilio.com/docs/api/errors */
export const twilioErrors: Readonly<Record<number, TwilioError>> = {
  20003: {
    text: 'Twilio does not accept the account SID with this token or key; give the channel new ones.',
    disables: true,
  },
  20005: { text: 'The account at Twilio is not active.', disables: true },
  20429: busy,
  14107: busy,
  21730: { text: 'Twilio is under maintenance.', retry: true },
  30001: { text: "Twilio's queue for this sender is full.", retry: true },
  63018: busy,
  21211: { text: 'The number to write to is not valid.' },
  21408: { text: 'The account may not write to this country; permit it under Messaging, Geo permissions.' },
  21603: badSender,
  21606: badSender,
  21659: badSender,
  21660: badSender,
  63007: { text: 'The account has no such sender on WhatsApp.' },
  21608: { text: 'A trial account writes to verified numbers only; verify this one, or upgrade.' },
  21610: { text: 'The reader has opted out by STOP; only they can opt in again, by START.' },
  21612: { text: 'There is no way from this sender to this number.' },
  21614: { text: 'The number is not one of a mobile phone.' },
  21602: { text: 'Twilio found no text in the message.' },
  21617: { text: 'The message is longer than Twilio takes.' },
  30032: unregistered,
  30034: unregistered,
  63016: {
    text: 'More than 24 hours after the reader last wrote, WhatsApp takes templates only; set "contentSid".',
  },
}

/** The failure an answer means; null when Twilio has taken the message. */
export function twilioFailure(response: HttpResponse, now: number): DeliveryError | null {
  const base = statusFailure(response, { idempotent: false, now })
  const answer = objectOf(response.body)
  const code = base === null ? failedCode(answer) : answer['code']
  if (base === null && code === null) return null
  const known = typeof code === 'number' && Object.hasOwn(twilioErrors, code) ? twilioErrors[code] : undefined
  // A server that failed may have sent the message, whatever it says: https://www.twilio.com/docs/api/errors/20500
  if (base !== null && (known === undefined || base.outcome === 'unknown')) return base
  const { text, retry, disables } = known ?? { text: 'Twilio could not send the message.' }
  const wait = retryAfterOf(response, now) ?? MINUTE
  return new DeliveryError(
    retry ? 'retryable' : 'rejected',
    `twilio-${code}`,
    `${text} Twilio's number for it: ${code}.`,
    {
      response: answerText(response),
      disableChannel: disables === true || response.status === 410,
      ...(retry ? { retryAfter: wait } : {}),
    },
  )
}

/** The id Twilio gave the message; null when the answer has none. */
export function messageSid({ body }: HttpResponse): string | null {
  const { sid } = objectOf(body)
  return typeof sid === 'string' ? sid : null
}

const MINUTE = 60_000

/** The error of a message that was taken and failed at once; null when there is none. */
function failedCode({ status, error_code: code = null }: JsonObject): Json {
  if (code !== null) return code
  return status === 'failed' || status === 'undelivered' || status === 'canceled' ? status : null
}

function objectOf(text: string): JsonObject {
  try {
    const value: Json = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {}
  } catch {
    return {}
  }
}
