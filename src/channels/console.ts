import * as v from 'valibot'
import type { Message } from '../model/message.ts'
import type { Channel, Receipt, SendContext } from './channel.ts'
import { cleanLine, cleanLines } from './content/clean.ts'
import { plainText } from './content/plain.ts'
import { DeliveryError } from './failure.ts'

const settings = v.strictObject({})

type Settings = v.InferOutput<typeof settings>

export const consoleChannel = {
  kind: 'console',
  label: 'Console',
  documentation: 'https://en.wikipedia.org/wiki/Standard_streams',
  settings,
  limits: { inFlight: 1, retries: 'chat' },
  idempotent: true,
  destination: () => 'standard output',
  render(message: Message): string {
    const time = new Date(message.time).toISOString().replace('T', ' ').slice(0, 19)
    const head = `${time} UTC  ${message.severity.toUpperCase()}  ${message.kind}  ${cleanLine(message.title)}`
    const text = message.body === undefined ? plainText(message) : cleanLines(message.body.text)
    return [head, ...text.split('\n').map((line) => (line === '' ? '' : `  ${line}`))].join('\n')
  },
  async send(payload: string, _settings: Settings, context: SendContext): Promise<Receipt> {
    if (context.signal.aborted) throw new DeliveryError('retryable', 'aborted', 'The send was stopped.')
    context.print(payload)
    return { response: 'printed' }
  },
} satisfies Channel<typeof settings, string>
